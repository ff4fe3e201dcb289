import { type Descriptors, loadDescriptors } from '../grpc/descriptors.ts';

/** `LoggingServiceV2` as Google's client package describes it. */
export function loadLoggingDescriptors(): Descriptors {
  return loadDescriptors({
    client: '@google-cloud/logging',
    path: '@google-cloud/logging-api/build/protos/protos.json',
    service: 'google.logging.v2.LoggingServiceV2',
    decode: { longs: String, enums: String, defaults: true, oneofs: true },
  });
}
