import { list, loadConfig, port, secretText, url } from '@cnap/config';
import { databaseSettings, serviceSettings } from '@cnap/service';
import { z } from 'zod';

/** Settings of identity. */
export const settings = {
  ...serviceSettings,
  ...databaseSettings,
  PORT: port().default(7001).describe('Port to listen on'),
  CNAP_CLUSTERS_URL: url().default('http://127.0.0.1:7002').describe('Internal address of clusters'),
  CNAP_INSTALLER_URL: url().default('http://127.0.0.1:7005').describe('Internal address of the installer'),
  CNAP_PUBLIC_URL: url()
    .default('http://127.0.0.1:8080')
    .describe('Address under which people reach the platform'),
  CNAP_GITHUB_CLIENT_ID: z.string().optional().describe('Sign-in with GitHub: the OAuth application'),
  CNAP_GITHUB_CLIENT_SECRET: secretText().optional().describe('Sign-in with GitHub: its secret'),
  CNAP_GOOGLE_CLIENT_ID: z.string().optional().describe('Sign-in with Google: the OAuth client'),
  CNAP_GOOGLE_CLIENT_SECRET: secretText().optional().describe('Sign-in with Google: its secret'),
  CNAP_MICROSOFT_CLIENT_ID: z.string().optional().describe('Sign-in with Microsoft: the application'),
  CNAP_MICROSOFT_CLIENT_SECRET: secretText().optional().describe('Sign-in with Microsoft: its secret'),
  CNAP_MICROSOFT_TENANT: z.string().default('common').describe('Sign-in with Microsoft: the tenant'),
  CNAP_OIDC_ISSUER: url().optional().describe('Sign-in with an OpenID Connect provider: its issuer'),
  CNAP_OIDC_NAME: z.string().default('single sign-on').describe('How the sign-in page names that provider'),
  CNAP_OIDC_CLIENT_ID: z.string().optional().describe('Sign-in with that provider: the client'),
  CNAP_OIDC_CLIENT_SECRET: secretText().optional().describe('Sign-in with that provider: its secret'),
  CNAP_SMTP_URL: secretText()
    .optional()
    .describe('Mail server, smtp://user:password@host:port or smtps://…; without it no mails are sent'),
  CNAP_MAIL_FROM: z.string().default('CNAP <no-reply@localhost>').describe('Sender of mails'),
  CNAP_OPERATOR_EMAILS: list().default([]).describe('E-mail addresses of the platform operators'),
};

export type Config = ReturnType<typeof readConfig>;
export const readConfig = (env: NodeJS.ProcessEnv = process.env) => loadConfig(settings, env);
