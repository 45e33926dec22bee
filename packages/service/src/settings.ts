import { durationMs, secretText, url } from '@cnap/config';
import { z } from 'zod';

/** Settings of every program that serves or forwards RPCs. */
export const serviceSettings = {
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  NATS_URL: url('nats', 'tls').describe('NATS server with JetStream'),
  CNAP_NATS_PREFIX: z
    .string()
    .regex(/^[a-z0-9]*$/)
    .default('')
    .describe('Prefix of subjects and streams, where several platforms share a NATS server'),
  CNAP_SERVICE_PRIVATE_KEY: secretText().describe('Ed25519 key of this service, 32 bytes in base64'),
  CNAP_SERVICE_PUBLIC_KEYS: z
    .string()
    .describe('Public keys of all services: a JSON object of service name to 32 bytes in base64'),
  CNAP_IDENTITY_URL: url().default('http://127.0.0.1:7001').describe('Internal address of identity'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least level logged'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url()
    .optional()
    .describe('OTLP collector; traces and metrics stay off without'),
};

/** Settings of every service that has a schema in Postgres. */
export const databaseSettings = {
  DATABASE_URL: url('postgres', 'postgresql').describe("Postgres, with this service's own role"),
  CNAP_KEYS: secretText(40).describe('Key-encryption keys, "id:base64,id2:base64"; the first is current'),
  CNAP_LEASE: durationMs()
    .default(5_000)
    .describe('After how long the work of a killed process is taken over'),
};
