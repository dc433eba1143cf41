import { describe, expect, test } from 'vitest';
import { judgeInstallerScript, type InstallerAnswer, type ScriptJudgment } from './teleport-checks.ts';

const SCRIPT = '#!/bin/sh\nset -eu\ncurl -sSf "https://teleport.example.com/scripts/install.sh" | sh\n';

const SHA256 = 'a'.repeat(64);

function judge(facts: Partial<InstallerAnswer>, pin: string | null = null): ScriptJudgment {
  return judgeInstallerScript(answer(facts), pin);
}

function answer(facts: Partial<InstallerAnswer> = {}): InstallerAnswer {
  const text = facts.text ?? SCRIPT;
  return {
    httpStatus: 200,
    contentType: 'text/plain',
    text,
    bytes: Buffer.byteLength(text),
    sha256: SHA256,
    ...facts,
  };
}

describe('what the proxy answers for an installer', () => {
  test.each(['#!/bin/sh', '#!/usr/bin/env bash', '#! /bin/bash -e', '#!/usr/bin/env sh'])(
    'a script that begins with %s is sane',
    (shebang) => {
      const text = SCRIPT.replace('#!/bin/sh', shebang);

      expect(judge({ text }).kind).toBe('sane');
    },
  );

  test('a script without a shebang is doubtful: bash would run it', () => {
    const text = SCRIPT.replace('#!/bin/sh', '# ours');

    expect(judge({ text }).kind).toBe('doubtful');
  });

  test.each([
    ['a web page', { text: `\n<!DOCTYPE html><html>${'x'.repeat(60)}` }],
    ['a page by its type', { contentType: 'text/html; charset=utf-8' }],
    ['an error in JSON', { text: `{"error":{"message":"${'x'.repeat(60)}"}}` }],
    ['nothing', { text: '  \n' }],
    ['a few bytes', { text: '#!/bin/sh\ntrue\n' }],
    ['far too much', { bytes: 2_000_000 }],
    ['a script for another program', { text: SCRIPT.replace('/bin/sh', '/usr/bin/env python3') }],
    ['a shebang without a program', { text: SCRIPT.replace('/bin/sh', '/usr/bin/env') }],
  ])('%s is no script', (_what, facts) => {
    expect(judge(facts).kind).toBe('not-a-script');
  });

  test.each([
    [404, 'missing'],
    [403, 'unreachable'],
    [429, 'unreachable'],
    [502, 'unreachable'],
  ])('status %i: %s', (httpStatus, kind) => {
    expect(judge({ httpStatus }).kind).toBe(kind);
  });

  test('a pinned script is sane as long as it is the same, and its SHA-256 is told either way', () => {
    expect(judge({}, SHA256)).toMatchObject({ kind: 'sane', detail: expect.stringContaining(SHA256) });
    expect(judge({}, 'b'.repeat(64))).toMatchObject({
      kind: 'changed',
      detail: expect.stringContaining(SHA256),
    });
  });

  test('a login page is one, whatever is pinned', () => {
    expect(judge({ contentType: 'text/html' }, 'b'.repeat(64)).kind).toBe('not-a-script');
  });
});
