/** The panel's button in the notebook's toolbar and its menu entry, as setting schemas say it. */
export const schema = {
  title: 'Pool panel',
  description: 'Workers, jobs and the timeline of tasks.',
  'jupyter.lab.toolbars': { Notebook: [{ name: 'pool', rank: 105 }] },
  'jupyter.lab.menus': {
    main: [
      {
        id: 'jp-mainmenu-view',
        items: [{ command: 'poolbook:toggle-pool', rank: 8 }]
      }
    ]
  },
  'jupyter.lab.shortcuts': [
    {
      command: 'poolbook:toggle-pool',
      keys: ['Accel Alt P'],
      selector: 'body'
    }
  ],
  type: 'object',
  properties: {},
  additionalProperties: false
};
