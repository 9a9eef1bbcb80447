// Files and folders that are brought into the folder that is shown.
import { address, request } from '../page';
import { act, alert, byId } from './dom';
import { files, folder, names } from './files';

/** A file's content in base64. */
function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(reader.error ?? new Error('not read'));
    reader.readAsDataURL(file);
  });
}

async function bring(list: Iterable<File>): Promise<void> {
  const there = names();
  for (const file of list) {
    if (there.has(file.name))
      throw new Error(`"${file.name}" is there already: rename one of them.`);
    await request('PUT', address('api/contents', folder, file.name), {
      type: 'file',
      format: 'base64',
      content: await base64(file)
    });
  }
  await files();
}

/** Readies the buttons, and lets files be dropped on the page. */
export function uploads(): void {
  const button = byId<HTMLButtonElement>('upload');
  const chooser = byId<HTMLInputElement>('upload-files');
  button.addEventListener('click', () => chooser.click());
  chooser.addEventListener('change', () => {
    const chosen = [...(chooser.files ?? [])];
    chooser.value = '';
    void act(button, () => bring(chosen));
  });
  document.addEventListener('dragover', event => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });
  document.addEventListener('drop', event => {
    const dropped = event.dataTransfer?.files;
    if (!dropped?.length) return;
    event.preventDefault();
    void act(button, () => bring(dropped));
  });
  const make = byId<HTMLButtonElement>('new-folder');
  make.addEventListener('click', () => {
    const name = prompt('Name of the new folder')?.trim();
    if (!name) return;
    if (/[/\\]/.test(name)) return alert('A name has no slashes.');
    void act(make, async () => {
      if (names().has(name)) throw new Error(`"${name}" is there already.`);
      await request('PUT', address('api/contents', folder, name), {
        type: 'directory'
      });
      await files();
    });
  });
}
