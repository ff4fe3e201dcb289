import { createRequire } from 'node:module';
import {
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { fromJSON, type Options } from '@grpc/proto-loader';
import protobuf from 'protobufjs';

const STATUS = 'google.rpc.Status';

/** What a client package's descriptors (its `protos.json`) say of one service. */
export type Descriptors = {
  service: ServiceDefinition;
  /** An encoded `google.rpc.Status` with one detail: `detail` as a message of the type `typeName`. */
  encodeStatus(options: {
    code: number;
    message: string;
    typeName: string;
    detail: Record<string, unknown>;
  }): Uint8Array;
  /** The details of that type in an encoded `google.rpc.Status`, as plain objects. */
  decodeStatus(bytes: Uint8Array, typeName: string): Record<string, unknown>[];
};

/**
 * Reads the descriptors at `path`, which belong to `client`'s own dependencies: they are resolved from there, wherever
 * npm has put them. `service` is its full name.
 */
export function loadDescriptors(options: {
  client: string;
  path: string;
  service: string;
  decode: Options;
}): Descriptors {
  const require = createRequire(createRequire(import.meta.url).resolve(options.client));
  const descriptors = require(options.path) as protobuf.INamespace;
  const loaded = loadPackageDefinition(fromJSON(descriptors, options.decode));
  const service = options.service
    .split('.')
    .reduce<unknown>((node, name) => (node as GrpcObject)[name], loaded);
  const root = protobuf.Root.fromJSON(descriptors);
  return {
    service: (service as ServiceClientConstructor).service,
    encodeStatus({ code, message, typeName, detail }) {
      const type = root.lookupType(typeName);
      const value = type.encode(type.fromObject(detail)).finish();
      const status = root.lookupType(STATUS);
      const details = [{ type_url: `type.googleapis.com/${typeName}`, value }];
      return status.encode(status.create({ code, message, details })).finish();
    },
    decodeStatus(bytes, typeName) {
      const status = root.lookupType(STATUS).decode(bytes) as unknown as {
        details: { type_url: string; value: Uint8Array }[];
      };
      const type = root.lookupType(typeName);
      return status.details
        .filter(({ type_url: url }) => url.endsWith(`/${typeName}`))
        .map(({ value }) => type.toObject(type.decode(value)));
    },
  };
}
