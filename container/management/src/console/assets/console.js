// Keys, and what the stream of live values says of the connection. Pages work without it.
'use strict';

(() => {
  const root = document.documentElement;
  const typing = (element) => element.matches('input, select, textarea, [contenteditable]');
  let went = false;

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const after = went;
    went = false;
    if (after) {
      const room = document.querySelector(`.rooms a[data-key="${CSS.escape(event.key)}"]`);
      if (room) room.click();
      return;
    }
    if (event.key === 'g') went = true;
    else if (event.key === '?') document.getElementById('shortcuts').togglePopover();
    else if (event.key === 't') document.getElementById('theme').click();
    else if (event.key === 'n') document.querySelector('a[rel="next"]')?.click();
    else if (event.key === '/') {
      const search = document.querySelector('input[type="search"], .search select');
      if (!search) return;
      event.preventDefault();
      search.focus();
    }
  });

  // A stream that ends is begun again; until it is, the page says that it stands still.
  document.addEventListener('htmx:sseOpen', () => root.removeAttribute('data-lost'));
  document.addEventListener('htmx:sseError', () => root.setAttribute('data-lost', ''));

  // A message that the ladder points at is opened.
  const reveal = () => {
    const step = location.hash.startsWith('#step-') && document.getElementById(location.hash.slice(1));
    if (!step) return;
    step.closest('details').open = true;
    step.scrollIntoView({ block: 'center' });
  };
  window.addEventListener('hashchange', reveal);
  reveal();
})();
