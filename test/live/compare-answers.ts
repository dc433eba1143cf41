/** Puts the two answers to each call side by side. Each difference is one sentence. */
import type { Answer, Pages, Throttle } from './aws-side.ts';
import { isDenial } from './choose-cases.ts';
import { isDataMap, type Redactor } from './redact.ts';
import { addToShape, compareShapes, type Shape } from './shape.ts';

/** What differs: how a call ended, its words, its fields, its headers, its pages. */
type DifferenceKind = 'outcome' | 'wording' | 'fields' | 'headers' | 'pages' | 'throttle';

export interface Difference {
  readonly api: string;
  readonly kind: DifferenceKind;
  readonly text: string;
}

/** The same call, answered by both sides. */
export interface AnsweredCase {
  readonly real: Answer;
  readonly simulated: Answer;
}

/** The same listing, paged through on both sides. */
export interface PagedListing {
  readonly api: string;
  readonly real: Pages;
  readonly simulated: Pages;
}

/** How each service refuses a caller that it knows, by the simulator: name and HTTP status. */
const DENIAL_OF: Readonly<Record<string, readonly [name: string, status: number]>> = {
  sts: ['AccessDenied', 403],
  organizations: ['AccessDeniedException', 400],
  account: ['AccessDeniedException', 403],
  ec2: ['UnauthorizedOperation', 403],
  ssm: ['AccessDeniedException', 400],
};
/** The same for a caller that asks too fast. */
const THROTTLE_OF: Readonly<Record<string, readonly [name: string, status: number]>> = {
  sts: ['Throttling', 400],
  organizations: ['TooManyRequestsException', 400],
  account: ['TooManyRequestsException', 429],
  ec2: ['RequestLimitExceeded', 503],
  ssm: ['ThrottlingException', 400],
};

/** All differences, in the order in which calls were made; each sentence once per operation. */
export function compareAnswers(
  cases: readonly AnsweredCase[],
  listings: readonly PagedListing[],
  redactor: Redactor,
): readonly Difference[] {
  const differences = [
    ...cases.flatMap((one) => compareOutcome(one, redactor)),
    ...cases.flatMap(({ real }) => real.throttles.flatMap((throttle) => compareThrottle(real.api, throttle))),
    ...compareFields(cases, listings),
    ...listings.flatMap(comparePages),
  ];
  const seen = new Set<string>();
  return differences.filter(({ api, kind, text }) => {
    const key = `${api} ${kind} ${text}`;
    return seen.has(key) ? false : seen.add(key) !== undefined;
  });
}

/** Whether the caller lacks a permission that the simulator's caller has. */
export function lacksPermission({ real, simulated }: AnsweredCase): boolean {
  return isDenial(real.name) && !isDenial(simulated.name);
}

function compareOutcome(one: AnsweredCase, redactor: Redactor): readonly Difference[] {
  const { real, simulated } = one;
  const { api, behavior } = real;
  const difference = (kind: DifferenceKind, text: string): Difference => ({ api, kind, text });
  if (lacksPermission(one)) {
    const expected = DENIAL_OF[serviceOf(api)];
    if (real.name === 'AWSOrganizationsNotInUseException' || isSame(real, expected)) return [];
    return [
      difference(
        'outcome',
        `a missing permission is ${ended(real)} really, ${expected?.join(' ')} simulated`,
      ),
    ];
  }
  if (real.name !== simulated.name || real.status !== simulated.status) {
    return [difference('outcome', `${behavior}: ${ended(real)} really, ${ended(simulated)} simulated`)];
  }
  const headers = compareHeaders(real, simulated);
  if (real.name === '') return headers.map((text) => difference('headers', text));
  const [said, meant] = [wordsOf(redactor.text(real.message)), wordsOf(redactor.text(simulated.message))];
  if (said === meant) return headers.map((text) => difference('headers', text));
  return [
    ...headers.map((text) => difference('headers', text)),
    difference('wording', `${behavior}: ${JSON.stringify(said)} really, ${JSON.stringify(meant)} simulated`),
  ];
}

function ended({ name, status }: Answer): string {
  return name === '' ? `an answer (${status})` : `${name} (${status})`;
}

function isSame(
  answer: { name: string; status: number },
  expected: readonly [string, number] | undefined,
): boolean {
  return answer.name === expected?.[0] && answer.status === expected[1];
}

/** Masks differ from side to side, and so do figures that are no part of the sentence. */
function wordsOf(message: string): string {
  return message.replaceAll(/#[0-9a-f]{10}/g, '#').replaceAll(/text of \d+/g, 'text');
}

const REQUEST_IDS = ['x-amzn-requestid', 'x-amz-request-id'];

function compareHeaders(real: Answer, simulated: Answer): readonly string[] {
  const end = real.name === '' ? 'of an answer' : 'of an error';
  const [mine, theirs] = [summaryOf(real), summaryOf(simulated)];
  return Object.keys(mine)
    .filter((name) => mine[name] !== theirs[name])
    .map((name) => `${name} ${end} is ${mine[name]} really, ${theirs[name]} simulated`);
}

function summaryOf({ headers }: Pick<Answer, 'headers'>): Readonly<Record<string, string>> {
  return {
    'content-type': (headers['content-type'] ?? 'absent').toLowerCase().replace(/;\s*charset=utf-8$/, ''),
    'the id of the request': REQUEST_IDS.find((name) => name in headers) ?? 'absent',
    'retry-after': 'retry-after' in headers ? 'there' : 'absent',
    date: 'date' in headers ? 'there' : 'absent',
  };
}

function compareThrottle(api: string, throttle: Throttle): readonly Difference[] {
  const expected = THROTTLE_OF[serviceOf(api)];
  const end = `${throttle.name} (${throttle.status})${'retry-after' in throttle.headers ? ' with retry-after' : ''}`;
  if (isSame(throttle, expected) && !('retry-after' in throttle.headers)) return [];
  return [{ api, kind: 'throttle', text: `too fast is ${end} really, ${expected?.join(' ')} simulated` }];
}

/** Over all good answers of an operation, so that a field is told once. */
function compareFields(
  cases: readonly AnsweredCase[],
  listings: readonly PagedListing[],
): readonly Difference[] {
  const shapes = new Map<string, { readonly real: Shape; readonly simulated: Shape }>();
  const shapesOf = (api: string): { readonly real: Shape; readonly simulated: Shape } => {
    const known = shapes.get(api) ?? { real: new Map(), simulated: new Map() };
    shapes.set(api, known);
    return known;
  };
  for (const { real, simulated } of cases) {
    if (real.name !== '' || simulated.name !== '') continue;
    addToShape(shapesOf(real.api).real, withoutToken(real.output), isDataMap);
    addToShape(shapesOf(real.api).simulated, withoutToken(simulated.output), isDataMap);
  }
  for (const { api, real, simulated } of listings) {
    for (const output of real.outputs) addToShape(shapesOf(api).real, withoutToken(output), isDataMap);
    for (const output of simulated.outputs) {
      addToShape(shapesOf(api).simulated, withoutToken(output), isDataMap);
    }
  }
  return [...shapes].flatMap(([api, { real, simulated }]) =>
    compareShapes(real, simulated).map((text): Difference => ({ api, kind: 'fields', text })),
  );
}

/** Whether a page has a token depends on how much there is; `comparePages` looks at it. */
function withoutToken(output: unknown): unknown {
  const { NextToken: _, ...rest } = (output ?? {}) as { NextToken?: unknown };
  return rest;
}

function comparePages({ api, real, simulated }: PagedListing): readonly Difference[] {
  if (real.last === null || simulated.last === null || real.last === simulated.last) return [];
  return [
    {
      api,
      kind: 'pages',
      text: `the token of the last page is ${real.last} really, ${simulated.last} simulated`,
    },
  ];
}

function serviceOf(api: string): string {
  return api.slice(0, api.indexOf(':'));
}
