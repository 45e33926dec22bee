import type { Fields, KubeObject } from '../../objects/object.ts';
import { fieldsOf, isFields, listOf, textOf } from '../../objects/object.ts';
import { ageColumn, at, column, humanAge, nameColumn } from '../columns.ts';
import type { Column, Kind, Shape } from '../kind.ts';

/** Merge keys that a CRD's schema declares; without them lists are atomic, as Kubernetes has it. */
function shapeOf(schema: Fields, depth = 0): Shape {
  if (depth > 24) return {};
  if (schema['x-kubernetes-map-type'] === 'atomic' || schema['x-kubernetes-list-type'] === 'atomic')
    return { atomic: true };
  const shape: Shape = {};
  const fields: Record<string, Shape> = {};
  for (const [name, child] of Object.entries(fieldsOf(schema['properties']))) {
    const made = shapeOf(fieldsOf(child), depth + 1);
    if (Object.keys(made).length > 0) fields[name] = made;
  }
  if (Object.keys(fields).length > 0) shape.fields = fields;
  if (isFields(schema['additionalProperties']))
    shape.entries = shapeOf(schema['additionalProperties'], depth + 1);
  if (schema['x-kubernetes-list-type'] === 'set') shape.set = true;
  if (schema['x-kubernetes-list-type'] === 'map') {
    shape.keys = listOf(schema['x-kubernetes-list-map-keys']).map(textOf);
    shape.item = shapeOf(fieldsOf(schema['items']), depth + 1);
  }
  return shape;
}

/** Fills `default:` values of a schema; nothing else of it is looked at. */
function fillDefaults(value: Fields, schema: Fields): void {
  for (const [name, child] of Object.entries(fieldsOf(schema['properties']))) {
    const property = fieldsOf(child);
    if (value[name] === undefined && property['default'] !== undefined) {
      value[name] = JSON.parse(JSON.stringify(property['default']));
    }
    if (isFields(value[name])) fillDefaults(value[name], property);
    for (const item of listOf(value[name]))
      if (isFields(item)) fillDefaults(item, fieldsOf(property['items']));
  }
}

function printerColumn(item: unknown): Column {
  const declared = fieldsOf(item);
  const path = textOf(declared['jsonPath']).replace(/^\./, '');
  const condition = /^status\.conditions\[\?\(@\.type\s*==\s*['"](\w+)['"]\)\]\.(\w+)$/.exec(path);
  const read = (object: KubeObject): string => {
    if (!condition) return textOf(at(object, path));
    const found = listOf(at(object, 'status.conditions')).find(
      (entry) => fieldsOf(entry)['type'] === condition[1],
    );
    return textOf(fieldsOf(found)[condition[2] ?? '']);
  };
  const isDate = declared['type'] === 'date';
  return column(
    textOf(declared['name']),
    (object, now) => (isDate ? humanAge(read(object) || undefined, now) : read(object)),
    Number(declared['priority'] ?? 0),
  );
}

const scaleOf = (declared: Fields) => {
  const path = (field: string): string => textOf(declared[field]).replace(/^\./, '');
  return {
    spec: path('specReplicasPath'),
    status: path('statusReplicasPath'),
    selector: path('labelSelectorPath'),
  };
};

/** The kinds a CRD serves, one per served version. */
export function kindsOfDefinition(definition: KubeObject): Kind[] {
  const spec = fieldsOf(definition['spec']);
  const names = fieldsOf(spec['names']);
  const versions = listOf(spec['versions'])
    .map(fieldsOf)
    .filter((version) => version['served'] === true);
  return versions.map((version) => {
    const schema = fieldsOf(fieldsOf(version['schema'])['openAPIV3Schema']);
    const subresources = fieldsOf(version['subresources']);
    const declared = listOf(version['additionalPrinterColumns']).map(printerColumn);
    const scale = isFields(subresources['scale']) ? scaleOf(subresources['scale']) : undefined;
    return {
      group: textOf(spec['group']),
      version: textOf(version['name']),
      kind: textOf(names['kind']),
      resource: textOf(names['plural']),
      singular: textOf(names['singular']),
      namespaced: spec['scope'] === 'Namespaced',
      shortNames: listOf(names['shortNames']).map(textOf),
      categories: listOf(names['categories']).map(textOf),
      subresources: [
        ...(subresources['status'] === undefined ? [] : (['status'] as const)),
        ...(scale ? (['scale'] as const) : []),
      ],
      ...(scale ? { scale } : {}),
      generation: true,
      shape: shapeOf(schema),
      defaults: (object) => fillDefaults(object, schema),
      columns: [nameColumn, ...(declared.length > 0 ? declared : [ageColumn])],
      crd: definition.metadata.name,
    };
  });
}
