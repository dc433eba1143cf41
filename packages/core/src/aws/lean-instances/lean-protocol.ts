import { AwsEc2QueryProtocol } from '@aws-sdk/core/protocols';
import { readInstances } from './read-instances.ts';

type Deserialize = AwsEc2QueryProtocol['deserializeResponse'];
type MetadataBearer = Awaited<ReturnType<Deserialize>>;

/**
 * EC2's protocol, except that an answer of DescribeInstances is read by `readInstances`: the SDK spends some 0.2 ms of CPU
 * on each instance, most of it on fields that we throw away (docs/decisions/0005-instance-deserializer.md).
 * Every other operation, every error, and every answer that is not plain goes the SDK's own way.
 */
export class LeanEc2Protocol extends AwsEc2QueryProtocol {
  override async deserializeResponse<Output extends MetadataBearer>(
    operation: Parameters<Deserialize>[0],
    context: Parameters<Deserialize>[1],
    response: Parameters<Deserialize>[2],
  ): Promise<Output> {
    if (response.statusCode !== 200 || operation.name !== 'DescribeInstances') {
      return super.deserializeResponse<Output>(operation, context, response);
    }
    const bytes = await context.streamCollector(response.body);
    const page = readInstances(context.utf8Encoder(bytes));
    if (page !== null) return { ...page, $metadata: this.deserializeMetadata(response) } as unknown as Output;
    // Already collected: the SDK takes bytes as they are.
    response.body = bytes;
    return super.deserializeResponse<Output>(operation, context, response);
  }
}
