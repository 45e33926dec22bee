import { toBinary, type DescExtension, type DescFile, type DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, type ConnectRouter } from '@connectrpc/connect';
import { file_google_rpc_error_details as errorDetails } from '@cnap/proto/google/rpc/error_details';
import {
  ServerReflection,
  type ServerReflectionRequest as RequestV1,
} from '@cnap/proto/grpc/reflection/v1/reflection';
import {
  ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as RequestV1Alpha,
} from '@cnap/proto/grpc/reflection/v1alpha/reflection';

/** Everything reflection can be asked about. */
type Index = {
  files: Map<string, DescFile>;
  symbols: Map<string, DescFile>;
  /** Extended message → field number → file. */
  extensions: Map<string, Map<number, DescFile>>;
};

function indexOf(roots: readonly DescFile[]): Index {
  const index: Index = { files: new Map(), symbols: new Map(), extensions: new Map() };
  const addExtension = (extension: DescExtension, file: DescFile): void => {
    index.symbols.set(extension.typeName, file);
    const numbers = index.extensions.get(extension.extendee.typeName) ?? new Map<number, DescFile>();
    index.extensions.set(extension.extendee.typeName, numbers.set(extension.number, file));
  };
  const addMessage = (message: DescMessage, file: DescFile): void => {
    index.symbols.set(message.typeName, file);
    for (const field of message.fields) index.symbols.set(`${message.typeName}.${field.name}`, file);
    for (const nested of message.nestedEnums) index.symbols.set(nested.typeName, file);
    for (const nested of message.nestedExtensions) addExtension(nested, file);
    for (const nested of message.nestedMessages) addMessage(nested, file);
  };
  const addFile = (file: DescFile): void => {
    if (index.files.has(file.proto.name)) return;
    index.files.set(file.proto.name, file);
    for (const dependency of file.dependencies) addFile(dependency);
    for (const type of file.enums) index.symbols.set(type.typeName, file);
    for (const extension of file.extensions) addExtension(extension, file);
    for (const message of file.messages) addMessage(message, file);
    for (const service of file.services) {
      index.symbols.set(service.typeName, file);
      for (const method of service.methods) index.symbols.set(`${service.typeName}.${method.name}`, file);
    }
  };
  for (const root of roots) addFile(root);
  return index;
}

/** A file after everything it imports, as reflection clients need it to link. */
function withDependencies(file: DescFile): Uint8Array[] {
  const seen = new Set<DescFile>([file]);
  for (const one of seen) for (const dependency of one.dependencies) seen.add(dependency);
  return [...seen].map((one) => toBinary(FileDescriptorProtoSchema, one.proto));
}

/** Server reflection v1 and v1alpha over the files of the services that are served. */
export function reflectionRoutes(files: readonly DescFile[], services: readonly string[]) {
  const index = indexOf([...files, errorDetails]); // no service names them, every error has them
  const found = (file: DescFile | undefined, what: string) =>
    file === undefined
      ? ({
          case: 'errorResponse',
          value: { errorCode: Code.NotFound, errorMessage: `not found: ${what}` },
        } as const)
      : ({
          case: 'fileDescriptorResponse',
          value: { fileDescriptorProto: withDependencies(file) },
        } as const);

  const extensionNumbers = (baseTypeName: string) => {
    const extensionNumber = [...(index.extensions.get(baseTypeName)?.keys() ?? [])];
    return { case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber } } as const;
  };

  // The two versions differ in their package only.
  const answer = ({ messageRequest: asked }: RequestV1 | RequestV1Alpha) => {
    switch (asked.case) {
      case 'listServices':
        return {
          case: 'listServicesResponse',
          value: { service: services.map((name) => ({ name })) },
        } as const;
      case 'fileByFilename':
        return found(index.files.get(asked.value), asked.value);
      case 'fileContainingSymbol':
        return found(index.symbols.get(asked.value), asked.value);
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = asked.value;
        return found(index.extensions.get(containingType)?.get(extensionNumber), containingType);
      }
      case 'allExtensionNumbersOfType':
        return extensionNumbers(asked.value);
      default:
        return {
          case: 'errorResponse',
          value: { errorCode: Code.InvalidArgument, errorMessage: 'the request asks nothing' },
        } as const;
    }
  };
  return (router: ConnectRouter): void => {
    router.service(ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const request of requests) {
          yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
        }
      },
    });
    router.service(ServerReflectionAlpha, {
      async *serverReflectionInfo(requests) {
        for await (const request of requests) {
          yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
        }
      },
    });
  };
}
