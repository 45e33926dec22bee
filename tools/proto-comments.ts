// The comments of our protos, by full name: what is generated for TypeScript does not have them when it runs.
import { fromBinary } from '@bufbuild/protobuf';
import {
  FileDescriptorSetSchema,
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';

// Numbers of fields in descriptor.proto, which is what paths in SourceCodeInfo are made of.
const inFile = { message: 4, enum: 5, service: 6 };
const inMessage = { field: 2, message: 3, enum: 4 };
const inService = { method: 2 };
const inEnum = { value: 2 };

/** `cnap.clusters.v1.Region.name` → "What people call it.": of every element in our packages that has a comment. */
export function protoComments(descriptorSet: Uint8Array): Record<string, string> {
  const comments = new Map<string, string>();
  for (const file of fromBinary(FileDescriptorSetSchema, descriptorSet).file) {
    if (file.package.startsWith('cnap.')) collect(file, comments);
  }
  return Object.fromEntries([...comments].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function collect(file: FileDescriptorProto, comments: Map<string, string>): void {
  const texts = new Map(
    (file.sourceCodeInfo?.location ?? []).map(({ path, leadingComments }) => [
      path.join('.'),
      leadingComments,
    ]),
  );
  const take = (name: string, path: number[]) => {
    const text = texts.get(path.join('.'))?.trim().replaceAll(/\n ?/g, '\n');
    if (text) comments.set(name, text);
  };
  const takeEnum = (desc: EnumDescriptorProto, prefix: string, path: number[]) => {
    const name = `${prefix}.${desc.name}`;
    take(name, path);
    for (const [index, value] of desc.value.entries()) {
      take(`${name}.${value.name}`, [...path, inEnum.value, index]);
    }
  };
  const takeMessage = (desc: DescriptorProto, prefix: string, path: number[]) => {
    const name = `${prefix}.${desc.name}`;
    take(name, path);
    for (const [index, field] of desc.field.entries()) {
      take(`${name}.${field.name}`, [...path, inMessage.field, index]);
    }
    for (const [index, nested] of desc.nestedType.entries()) {
      takeMessage(nested, name, [...path, inMessage.message, index]);
    }
    for (const [index, nested] of desc.enumType.entries()) {
      takeEnum(nested, name, [...path, inMessage.enum, index]);
    }
  };
  for (const [index, desc] of file.messageType.entries()) {
    takeMessage(desc, file.package, [inFile.message, index]);
  }
  for (const [index, desc] of file.enumType.entries()) takeEnum(desc, file.package, [inFile.enum, index]);
  for (const [index, service] of file.service.entries()) {
    const name = `${file.package}.${service.name}`;
    take(name, [inFile.service, index]);
    for (const [position, method] of service.method.entries()) {
      take(`${name}.${method.name}`, [inFile.service, index, inService.method, position]);
    }
  }
}
