// What of formatting Go can be set, and its key.
export const COMMAND = 'poolbook:format';

export const formatSchema = {
  title: 'Format Go',
  description: 'Cells and files of Go as gofmt writes them.',
  'jupyter.lab.shortcuts': [
    { command: COMMAND, keys: ['Alt Shift F'], selector: '.jp-Notebook' },
    { command: COMMAND, keys: ['Alt Shift F'], selector: '.jp-FileEditor' }
  ],
  'jupyter.lab.menus': {
    main: [{ id: 'jp-mainmenu-edit', items: [{ command: COMMAND, rank: 45 }] }]
  },
  type: 'object',
  properties: {
    onSave: {
      title: 'Format with each save',
      description:
        'Formats the cells of a Go notebook, and Go files, when they are saved by hand.',
      type: 'boolean',
      default: false
    }
  },
  additionalProperties: false
};
