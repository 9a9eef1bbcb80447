// The button that makes a notebook, with the kernels there are.
import { address, defaultKernel, hasTerminals, request } from '../page';
import { act, byId, make } from './dom';
import { folder } from './files';

interface Specs {
  default: string;
  kernelspecs: Record<string, { spec: { display_name: string } }>;
}

async function kernels(): Promise<void> {
  const { kernelspecs, default: fallback } = await request<Specs>(
    'GET',
    address('api/kernelspecs')
  );
  const names = Object.keys(kernelspecs);
  const preferred = names.includes(defaultKernel) ? defaultKernel : fallback;
  const select = byId<HTMLSelectElement>('kernel');
  for (const name of names) {
    const option = make(
      'option',
      { value: name },
      kernelspecs[name]!.spec.display_name
    );
    option.selected = name === preferred;
    select.append(option);
  }
  byId('kernel-label').hidden = names.length < 2;
}

/** Readies the button, the list of kernels beside it, and the way to a terminal. */
export async function create(): Promise<void> {
  const button = byId<HTMLButtonElement>('new');
  button.addEventListener(
    'click',
    () =>
      void act(button, async () => {
        const kernel = byId<HTMLSelectElement>('kernel').value || defaultKernel;
        const { path } = await request<{ path: string }>(
          'POST',
          address('api/contents', folder),
          {
            type: 'notebook'
          }
        );
        location.assign(
          address('notebooks', path) + `?kernel=${encodeURIComponent(kernel)}`
        );
      })
  );
  const terminal = byId<HTMLAnchorElement>('new-terminal');
  terminal.hidden = !hasTerminals;
  terminal.href =
    address('terminals/new') + `?folder=${encodeURIComponent(folder)}`;
  await kernels();
}
