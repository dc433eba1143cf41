import { expect, test } from 'vitest';
import { searchText, searchWords, tagText } from './search-text.ts';

const text = searchText('i-0123456789abcdef0', { Name: 'Web-1', Team: 'Shop', 'cost-center': '' });

test.each([
  ['Name=web-1', true],
  ['name=Web', false],
  ['team=shop', true],
  ['Team', true],
  ['Shop', false],
  ['cost-center=', true],
  ['cost-center', true],
  ['enter', false],
  ['owner', false],
])('the tag %s is found: %s', (tag, found) => {
  expect(text.includes(tagText(tag))).toBe(found);
});

test('a tag cannot pass for another one, nor a search look across tags', () => {
  const forged = searchText('i-0123456789abcdef0', { a: 'x\n\u0002team=shop' });

  expect(forged).not.toContain(tagText('team=shop'));
  expect(searchWords('  Web-1\n\u0001shop ')).toEqual(['web-1', 'shop']);
});

test('a name is found by its value, not by the word name', () => {
  expect(text).toContain('web-1');
  expect(text).not.toContain('name');
});
