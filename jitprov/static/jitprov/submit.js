// In a file of its own, so that it also runs under a Content-Security-Policy without inline scripts.
// Where it does not run, the form has a button.
document.querySelector("form[data-jitprov-submit]").submit();
