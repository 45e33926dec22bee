import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { TemplateEventSchema } from '@cnap/proto/cnap/catalog/v1/template_event';
import type { TemplateRow } from '../database.ts';

const templateFact =
  (fact: 'created' | 'updated' | 'deleted') =>
  (row: TemplateRow): Fact => ({
    service: 'catalog',
    resource: 'template',
    fact,
    id: row.id,
    // Deletion raises the version too, so that it comes after every change.
    version: Number(row.version) + (fact === 'deleted' ? 1 : 0),
    workspaceIds: [row.workspace_id],
    schema: TemplateEventSchema,
    message: create(TemplateEventSchema, {
      templateId: row.id,
      workspaceId: row.workspace_id,
      name: row.name,
    }),
  });

export const templateCreated = templateFact('created');
export const templateUpdated = templateFact('updated');
export const templateDeleted = templateFact('deleted');
