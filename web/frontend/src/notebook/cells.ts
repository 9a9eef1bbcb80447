// The cells in which two versions of a notebook differ.
import type * as nbformat from '@jupyterlab/nbformat';

/** A part of a document with its two texts; undefined where it is not there. */
export interface Part {
  name: string;
  mine: string | undefined;
  theirs: string | undefined;
}

const sourceOf = (cell: nbformat.ICell): string =>
  Array.isArray(cell.source) ? cell.source.join('') : cell.source;

/** The cells that differ between two notebooks, by their ids, and in the order of mine. */
export function cells(
  mine: nbformat.INotebookContent,
  theirs: nbformat.INotebookContent
): Part[] {
  const idOf = (cell: nbformat.ICell, i: number): string =>
    typeof cell['id'] === 'string' ? cell['id'] : `#${i}`;
  const rest = new Map(theirs.cells.map((cell, i) => [idOf(cell, i), cell]));
  const parts: Part[] = [];
  mine.cells.forEach((cell, i) => {
    const id = idOf(cell, i);
    const other = rest.get(id);
    rest.delete(id);
    const [a, b] = [sourceOf(cell), other && sourceOf(other)];
    if (a !== b && (a || b))
      parts.push({ name: `Cell ${i + 1}`, mine: a, theirs: b });
  });
  for (const cell of rest.values())
    if (sourceOf(cell))
      parts.push({
        name: 'A cell that is not here',
        mine: undefined,
        theirs: sourceOf(cell)
      });
  return parts;
}
