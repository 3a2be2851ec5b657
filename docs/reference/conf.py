"""Sphinx's configuration of the reference that `make reference` builds."""

project = "postmaster.mail"
title = "postmaster.mail reference"
html_short_title = title
extensions = ["sphinx_antsibull_ext"]
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_use_smartypants = True
html_copy_source = False
