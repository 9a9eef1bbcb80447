// What is said of outputs that the server holds back.

/** What the server says of outputs that it holds back. */
export interface Note {
  lines?: number;
  displays?: number;
  bytes?: number;
  /** Bytes that are not kept. */
  lost?: number;
  url?: string;
  /** The last lines so far, while more may come. */
  last?: string;
}

/** A number of bytes for people. */
export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  let unit = 0;
  let n = bytes;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${n < 10 && unit > 0 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

function counted(n: number, word: string): string {
  return `${n.toLocaleString('en')} more ${word}${n === 1 ? '' : 's'}`;
}

/** What is left out, in words; an empty text when nothing is. */
export function sentence(note: Note): string {
  const parts: string[] = [];
  if (note.lines) parts.push(counted(note.lines, 'line'));
  if (note.displays) parts.push(counted(note.displays, 'display'));
  if (!parts.length && !note.bytes) return '';
  if (!parts.length) parts.push('More of this line');
  const lost = note.lost ? `; ${size(note.lost)} of it are not kept` : '';
  return `${parts.join(' and ')} (${size(note.bytes ?? 0)}${lost})`;
}
