// The state of the window (open tabs, panels) lives as long as the browser's
// tab: a reload or the way back brings everything back; another window, and a
// notebook that is opened from the start page, start afresh.
import { type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { DataConnector, IStateDB, StateDB } from '@jupyterlab/statedb';

const PREFIX = 'poolbook:state:';

class Connector extends DataConnector<string> {
  override async fetch(id: string): Promise<string | undefined> {
    return sessionStorage.getItem(PREFIX + id) ?? undefined;
  }

  override async list(
    query = ''
  ): Promise<{ ids: string[]; values: string[] }> {
    const ids: string[] = [];
    for (let i = 0; i < sessionStorage.length; i++) {
      const key = sessionStorage.key(i)!;
      if (key.startsWith(PREFIX + query)) ids.push(key.slice(PREFIX.length));
    }
    return { ids, values: ids.map(id => sessionStorage.getItem(PREFIX + id)!) };
  }

  override async save(id: string, value: string): Promise<void> {
    try {
      sessionStorage.setItem(PREFIX + id, value);
    } catch {
      // Full or forbidden: the window only forgets its layout.
    }
  }

  override async remove(id: string): Promise<void> {
    sessionStorage.removeItem(PREFIX + id);
  }
}

/** Whether the page is asked for anew, by a link or its address. */
function anew(): boolean {
  const [navigation] = performance.getEntriesByType('navigation');
  return (navigation as PerformanceNavigationTiming)?.type === 'navigate';
}

function forget(): void {
  for (const key of Object.keys(sessionStorage))
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}

export const state: JupyterFrontEndPlugin<IStateDB> = {
  id: 'poolbook:state',
  description: "The window's state, kept for its reloads.",
  autoStart: true,
  provides: IStateDB,
  activate: () => {
    if (anew()) forget();
    return new StateDB({ connector: new Connector() });
  }
};
