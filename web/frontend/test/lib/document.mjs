// Notebooks as files, made without the page.

/** A notebook of the Go kernel with these cells, as nbformat 4.5. */
export function notebookOf(cells, metadata = {}) {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: {
        name: 'poolbook',
        display_name: 'Go (Poolbook)',
        language: 'go'
      },
      ...metadata
    },
    cells
  };
}

/** A code cell that has not run; `rest` adds to it. */
export function codeCell(id, source, rest = {}) {
  return {
    id,
    cell_type: 'code',
    metadata: {},
    source,
    execution_count: null,
    outputs: [],
    ...rest
  };
}
