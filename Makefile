# `make front` builds what the program embeds: web/dist (styles, scripts) and web/fonts (letters).
.PHONY: front

# npm ci only when the lock file changed; the build itself takes two seconds.
front: node_modules/.package-lock.json
	node web/assets/build.mjs

node_modules/.package-lock.json: package-lock.json
	npm ci --ignore-scripts --no-fund --no-audit
	touch node_modules/.package-lock.json
