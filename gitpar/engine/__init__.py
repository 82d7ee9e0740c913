"""The imperative shell: the loop and the executor. No decisions here."""
