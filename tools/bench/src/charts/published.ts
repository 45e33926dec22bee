import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';
import { chartFiles, packChart, readArchive } from '@cnap/helm';

/** A chart as it is published, and as the catalog packages it. */
export type Published = {
  name: string;
  file: string;
  artifact: Uint8Array;
  /** What it does not start without. */
  values: JsonObject;
  /** It puts its objects into the namespace that `global.namespace` names. */
  wantsNamespace: boolean;
};

const needed: Record<string, JsonObject> = {
  notesnest: {
    app: {
      secrets: {
        jwtSecretKey: 'a-secret-of-more-than-32-characters',
        postgresPassword: 'another',
        postgresUser: 'notes',
        postgresDatabase: 'notes',
      },
    },
  },
};

/** The charts of a folder, by name. */
export function publishedIn(folder: string): Published[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  return files.toSorted().flatMap((file) => {
    const name = /^(.+?)-\d[^/]*\.tgz$/.exec(file)?.[1];
    if (name === undefined) return [];
    const path = join(folder, file);
    return [
      {
        name,
        file: path,
        artifact: packaged(name, path),
        values: needed[name] ?? {},
        wantsNamespace: name === 'notesnest',
      },
    ];
  });
}

function packaged(name: string, file: string): Uint8Array {
  const inside = [...chartFiles(readArchive(readFileSync(file)))];
  const umbrella = {
    apiVersion: 'v2',
    name: 'cnap-package',
    version: '0.0.0',
    dependencies: [{ name, version: '*' }],
  };
  return packChart({
    files: new Map<string, Uint8Array>([
      ['Chart.yaml', Buffer.from(JSON.stringify(umbrella))],
      ...inside.map(([path, content]): [string, Uint8Array] => [`charts/${name}/${path}`, content]),
    ]),
  });
}
