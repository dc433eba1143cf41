import { z } from 'zod';

const texts = z.union([z.string(), z.array(z.string())]);

const Statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.literal('Allow'),
  Principal: z.strictObject({ AWS: texts }).optional(),
  Action: texts,
  Resource: texts.optional(),
  Condition: z
    .partialRecord(
      z.enum(['StringEquals', 'StringLike', 'ArnEquals', 'ArnLike']),
      z.record(z.string(), texts),
    )
    .optional(),
});

/** An IAM policy document, as far as roles of discovery need: statements that allow, with conditions on text. */
export const PolicyDocument = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(Statement).min(1),
});
export type PolicyDocument = z.infer<typeof PolicyDocument>;

/** What is asked of a policy. */
export interface PolicyQuestion {
  readonly action: string;
  /** Null: whether the action is allowed on anything at all; what it is about is asked later. */
  readonly resource: string | null;
  /** ARN of the caller's account root, for trust policies; null for identity policies, which name no principal. */
  readonly principal: string | null;
  /** Condition keys of the request and of the resource, such as `sts:ExternalId`. A key that is not there meets no condition. */
  readonly context: Readonly<Record<string, string | undefined>>;
}

/** Whether some statement allows it. Nothing here denies: what no statement allows is denied. */
export function policyAllows(policy: PolicyDocument, question: PolicyQuestion): boolean {
  return policy.Statement.some(
    (statement) =>
      list(statement.Action).some((pattern) => matches(pattern, question.action, true)) &&
      namesResource(statement, question.resource) &&
      namesPrincipal(statement, question.principal) &&
      (question.resource === null || meetsConditions(statement, question.context)),
  );
}

type Statement = z.infer<typeof Statement>;

function namesResource(statement: Statement, resource: string | null): boolean {
  // A trust policy is about the role it hangs on.
  if (resource === null || statement.Resource === undefined) return true;
  return list(statement.Resource).some((pattern) => matches(pattern, resource, false));
}

function namesPrincipal(statement: Statement, principal: string | null): boolean {
  if (principal === null) return statement.Principal === undefined;
  return list(statement.Principal?.AWS ?? []).some((named) => named === principal || named === '*');
}

function meetsConditions(statement: Statement, context: PolicyQuestion['context']): boolean {
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys ?? {}).every(([key, wanted]) => {
      const found = valueOf(context, key);
      if (found === undefined) return false;
      return list(wanted).some((one) =>
        operator === 'StringEquals' ? one === found : matches(one, found, false),
      );
    }),
  );
}

/** Condition keys have no case: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html */
function valueOf(context: PolicyQuestion['context'], key: string): string | undefined {
  if (Object.hasOwn(context, key)) return context[key];
  return Object.entries(context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];
}

/** IAM's wildcards: `*` for any run of characters, `?` for one. Actions are compared without case. */
function matches(pattern: string, text: string, ignoreCase: boolean): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\/]/gu, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, ignoreCase ? 'isu' : 'su').test(text);
}

function list(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
