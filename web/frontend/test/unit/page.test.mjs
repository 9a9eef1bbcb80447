// The page's modules that need no page: node --import ./test/unit/register.mjs --test test/unit/
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells } from '../../src/notebook/cells.ts';
import { complete, plain } from '../../src/notebook/composite.ts';
import { sentence, size } from '../../src/notebook/heldnote.ts';
import { replay } from '../../src/notebook/replay.ts';
import { Signal } from '@lumino/signaling';

test('what is held back, in words', () => {
  assert.equal(sentence({}), '');
  assert.equal(sentence({ lines: 0, bytes: 0 }), '');
  assert.equal(sentence({ lines: 1, bytes: 12 }), '1 more line (12 bytes)');
  assert.equal(
    sentence({ lines: 1234567, displays: 2, bytes: 45e6, lost: 1500 }),
    '1,234,567 more lines and 2 more displays (45 MB; 1.5 kB of it are not kept)'
  );
  assert.equal(sentence({ bytes: 1e9 }), 'More of this line (1.0 GB)');
  assert.equal(size(999), '999 bytes');
  assert.equal(size(1000), '1.0 kB');
});

const notebook = (...sources) => ({
  cells: sources.map(([id, source]) => ({ id, source, cell_type: 'code' }))
});

test('the cells in which two notebooks differ', () => {
  const mine = notebook(['a', 'same'], ['b', 'mine'], ['c', 'added']);
  const theirs = notebook(['d', 'new'], ['b', ['thei', 'rs']], ['a', 'same']);
  assert.deepEqual(cells(mine, theirs), [
    { name: 'Cell 2', mine: 'mine', theirs: 'theirs' },
    { name: 'Cell 3', mine: 'added', theirs: undefined },
    { name: 'A cell that is not here', mine: undefined, theirs: 'new' }
  ]);
  assert.deepEqual(cells(mine, mine), []);
  // An empty cell that only one of them has is no difference to a reader.
  assert.deepEqual(cells(notebook(['a', '']), notebook()), []);
});

test('late listeners are told of what came before, once, and others are not', () => {
  const sender = {};
  const signal = new Signal(sender);
  const heard = [];
  const early = (_, value) => heard.push(`early ${value}`);
  const late = (_, value) => heard.push(`late ${value}`);
  signal.connect(early);
  const end = replay(signal, sender, () => ['first', 'second']);
  signal.connect(late);
  signal.connect(late);
  assert.deepEqual(heard, []);
  end();
  signal.connect((_, value) => heard.push(`after ${value}`));
  signal.emit('third');
  assert.deepEqual(heard, [
    'late first',
    'late second',
    'early third',
    'late third',
    'after third'
  ]);
});

test('defaults of settings', () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'number', default: 1 },
      b: { type: 'object', default: {}, properties: { c: { default: [2] } } }
    }
  };
  const data = { a: 5 };
  complete(schema, data);
  assert.deepEqual(data, { a: 5, b: { c: [2] } });
  assert.ok(plain(schema, { a: 5 }));
  assert.ok(!plain(schema, { a: 'text' }));
  assert.ok(!plain(schema, { unknown: 1 }));
});
