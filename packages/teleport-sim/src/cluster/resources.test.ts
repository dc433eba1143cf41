import { describe, expect, it } from 'vitest';
import { joinTokenOf, parseResources } from './resources.ts';

const GUIDE_TOKEN = `
kind: token
version: v2
metadata:
  name: aws-discovery-iam-token
  expires: "2030-01-01T00:00:00Z"
spec:
  roles: [Node]
  join_method: iam
  allow:
    - aws_organization_id: o-abcdefghij
    - aws_account: 012345678901
---
kind: installer
version: v1
metadata: { name: mine }
spec: { script: "echo hi" }
`;

describe('a resource file', () => {
  it('gives the token of the guide its rules and its end', () => {
    const parsed = parseResources(GUIDE_TOKEN);

    const [token, installer] = parsed.resources;
    expect(installer?.kind).toBe('installer');
    expect(token && joinTokenOf(token)).toEqual({
      name: 'aws-discovery-iam-token',
      method: 'iam',
      allow: [{ organizationId: 'o-abcdefghij' }, { accountId: '012345678901' }],
      expiresAtMs: Date.UTC(2030, 0, 1),
    });
  });

  it('drops an allow rule with a key it does not know, so that it allows no host', () => {
    const parsed = parseResources(
      '---\n{kind: token, metadata: {name: t}, spec: {allow: [{aws_org: o-1}, {}]}}',
    );

    expect(parsed.resources[0] && joinTokenOf(parsed.resources[0]).allow).toEqual([]);
  });

  it.each([
    ['kind: shoe\nmetadata: {name: x}', 'creating resources of type "shoe" is not supported'],
    ['metadata: {name: x}', 'resource kind is missing'],
    ['kind: token\nmetadata: {}', 'missing parameter Name'],
    ['', 'no resources found, empty input?'],
  ])('is refused when it reads %j', (text, error) => {
    expect(parseResources(text)).toEqual({ resources: [], error });
  });

  it("is refused with the parser's words when it is not YAML", () => {
    expect(parseResources('kind: [')).toMatchObject({ error: expect.stringMatching(/^yaml: /) });
  });

  it('may be JSON values one after the other, and is read up to the first fault', () => {
    const parsed = parseResources(
      '{"kind":"role","metadata":{"name":"a}\\"{"}}\n{"kind":"user","metadata":{"name":"b"}} {"kind":"shoe"}',
    );

    expect(parsed.resources.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
      ['role', 'a}"{'],
      ['user', 'b'],
    ]);
    expect(parsed.error).toBe('creating resources of type "shoe" is not supported');
  });

  it.each([
    ['{"kind":"role","metadata":{"name":"a"}', 'unexpected EOF'],
    ['{"kind": role}', "couldn't get version/kind"],
    ['{"kind":"server_info","metadata":{"name":"aws-1-i-1"},"spec":{"new_labels":[]}}', 'ReadObject'],
    ['{"kind":"server_info","metadata":{"name":"aws-1-i-1"},"spec":{"new_labels":{"a":1}}}', 'ReadString'],
    ['{"kind":"server_info","metadata":{"name":"aws-1-i-1","expires":"soon"}}', 'parsing time "soon"'],
  ])('is refused when it reads %s', (text, error) => {
    expect(parseResources(text)).toMatchObject({ resources: [], error: expect.stringContaining(error) });
  });
});
