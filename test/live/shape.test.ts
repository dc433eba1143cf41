import { expect, test } from 'vitest';
import { isDataMap } from './redact.ts';
import { addToShape, compareShapes, type Shape } from './shape.ts';

function shapeOf(...answers: readonly unknown[]): Shape {
  const shape: Shape = new Map();
  for (const answer of answers) addToShape(shape, answer, isDataMap);
  return shape;
}

const HOST = { Instances: [{ Id: 'i-1', State: { Code: 16 }, Tags: [{ Key: 'a' }] }] };

test('answers that differ in values alone are alike', () => {
  const other = { Instances: [{ Id: 'i-2', State: { Code: 80 }, Tags: [] }, HOST.Instances[0]] };

  expect(compareShapes(shapeOf(HOST), shapeOf(other))).toEqual([]);
});

test('a field that the simulator never has is one difference, whatever stands in it', () => {
  const real = { Instances: [{ ...HOST.Instances[0], Cpu: { Cores: 1, Threads: 2 } }] };

  expect(compareShapes(shapeOf(real), shapeOf(HOST))).toEqual([
    "Instances[].Cpu (object) is in 1 of 1 real objects, and never in the simulator's",
  ]);
});

test('a field that the simulator always has is missed, one that it has now and then is not', () => {
  const real = { Instances: [{ Id: 'i-1', Tags: [] }] };
  const sometimes = { Instances: [{ ...HOST.Instances[0], Platform: 'windows' }, HOST.Instances[0]] };

  expect(compareShapes(shapeOf(real), shapeOf(sometimes))).toEqual([
    'Instances[].State (object) is in every object of the simulator, and never in a real one',
  ]);
});

test('another kind of value is a difference, and so is null', () => {
  expect(compareShapes(shapeOf({ At: '2026' }), shapeOf({ At: new Date() }))).toEqual([
    "At is string in a real answer, date in the simulator's",
  ]);
  expect(compareShapes(shapeOf({ Tags: null }), shapeOf({ Tags: [] }))).toEqual([
    "Tags is null in a real answer, list in the simulator's",
  ]);
});

test('the fields of a list that is empty on one side are no difference', () => {
  expect(compareShapes(shapeOf({ Instances: [] }), shapeOf(HOST))).toEqual([]);
});

test('the keys of a map are data', () => {
  const one = { Parameters: { commands: ['true'] } };
  const other = { Parameters: { token: ['t'] } };

  expect(compareShapes(shapeOf(one), shapeOf(other))).toEqual([]);
});
