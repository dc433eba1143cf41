// Sets the theme that the operator chose before the first paint. A file of its own: the content policy allows no inline script.
{
  const chosen = localStorage.getItem('muster-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
}
