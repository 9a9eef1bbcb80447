// Takes the place of the part of @jupyter/web-components that follows the theme
// (build/config.mjs says where). Theirs also works out all colours once before
// there is a theme, and each time anew; that is a twelfth of the page's start.
import { applyJupyterTheme } from '@jupyter/web-components/dist/esm/utilities/theme/applyTheme.js?theirs';

export { applyJupyterTheme };

let following = false;

/** Gives the components the colours of each theme that is set. */
export function addJupyterLabThemeChangeListener() {
  if (following) return;
  following = true;
  let applied = '';
  const follow = () => {
    const theme = document.body.dataset.jpThemeName ?? '';
    if (theme === applied) return;
    applied = theme;
    applyJupyterTheme();
  };
  new MutationObserver(follow).observe(document.body, {
    attributes: true,
    attributeFilter: ['data-jp-theme-name']
  });
  follow();
}
