// What tools note about a source. It is kept as it is; of what we know the meaning of, the form is checked.
import type { JsonObject } from '../database.ts';
import { refuseLarge } from '../request.ts';
import { sourceInvalid } from './invalid.ts';

const maxBytes = 256 * 1024;

/** @throws DomainError invalid-argument SOURCE_INVALID naming the member */
export function checkMetadata(metadata: JsonObject, field: string): void {
  refuseLarge(metadata, field, maxBytes);
  object(metadata['artifact_hub_helm_package'], `${field}.artifact_hub_helm_package`);
  const autoDeploy = metadata['auto_deploy'];
  if (autoDeploy !== undefined && typeof autoDeploy !== 'boolean') {
    throw sourceInvalid(`${field}.auto_deploy`, 'must be true or false');
  }
  const image = object(metadata['image'], `${field}.image`);
  if (image === undefined) return;
  text(image['url'], `${field}.image.url`, 2048);
  text(image['tag'], `${field}.image.tag`, 200);
  const github = object(image['github'], `${field}.image.github`);
  if (github === undefined) return;
  optionalText(github['workflow_run_id'], `${field}.image.github.workflow_run_id`, 100);
  const repository = object(github['repository'], `${field}.image.github.repository`);
  if (repository !== undefined) checkRepository(repository, `${field}.image.github.repository`);
}

function checkRepository(repository: JsonObject, field: string): void {
  number(repository['id'], `${field}.id`);
  text(repository['html_url'], `${field}.html_url`, 2048);
  text(repository['name'], `${field}.name`, 100);
  text(repository['full_name'], `${field}.full_name`, 200);
  const owner = object(repository['owner'], `${field}.owner`);
  if (owner === undefined) throw sourceInvalid(`${field}.owner`, 'must be there');
  number(owner['id'], `${field}.owner.id`);
  text(owner['login'], `${field}.owner.login`, 100);
  text(owner['type'], `${field}.owner.type`, 50);
  text(owner['avatar_url'], `${field}.owner.avatar_url`, 2048);
  text(owner['html_url'], `${field}.owner.html_url`, 2048);
}

function object(value: unknown, field: string): JsonObject | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw sourceInvalid(field, 'must be an object');
}

function text(value: unknown, field: string, maxLength: number): void {
  if (typeof value === 'string' && value.length >= 1 && value.length <= maxLength) return;
  throw sourceInvalid(field, `must be a text of 1–${maxLength} characters`);
}

function optionalText(value: unknown, field: string, maxLength: number): void {
  if (value !== undefined) text(value, field, maxLength);
}

function number(value: unknown, field: string): void {
  if (typeof value !== 'number') throw sourceInvalid(field, 'must be a number');
}
