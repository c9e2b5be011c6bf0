# make demo   a synthetic city on http://127.0.0.1:8080     (CITY=suqian|baoding|wenshan|county|wuhai; SCALE=1: 556,000 people; PEOPLE=n: another size)
# make test   everything that must pass
# make fuzz   the rules, the sweep, families and packs under libFuzzer, ten minutes each (SECONDS=n: another time)
# make front  what the program embeds: styles, scripts, letter fonts
.PHONY: demo test front tools test-tools fuzz

CITY ?= wuhai
PEOPLE ?= $(if $(SCALE),556000,20000)
LISTEN ?= 127.0.0.1:8080

demo: tools front
	cargo build --profile demo -p huimin
	target/demo/huimin demo --city $(CITY) --people $(PEOPLE) --listen $(LISTEN)

test: test-tools front
	tests/run.sh

fuzz:
	nice -n 19 fuzz/run.sh $(or $(SECONDS),600)

# Debian packages that a build or a test needs; only what is missing is installed.
tools:
	@tests/tools.sh

test-tools:
	@tests/tools.sh test

# npm ci only when the lock file changed; the build itself takes two seconds.
front: node_modules/.package-lock.json
	node web/assets/build.mjs

node_modules/.package-lock.json: package-lock.json
	npm ci --ignore-scripts --no-fund --no-audit
	touch node_modules/.package-lock.json
