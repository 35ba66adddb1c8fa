# tcpwalk. `make help` lists the targets; CC, CFLAGS, CPPFLAGS, LDFLAGS, PREFIX and DESTDIR do what one expects, and
# V=1 shows the commands.

BUILD ?= build
WALKS ?= 10000
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
# Fortification needs optimisation.
HARDENING ?= -fstack-protector-strong -fPIE \
	$(if $(filter -O1 -O2 -O3 -Os -Og -Ofast,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDENING_LD ?= -pie -Wl,-z,relro,-z,now
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# What src/ is built on: header, library, Debian package.
LIBRARIES := stdio.h:c:libc6-dev \
	math.h:m:libc6-dev \
	libnet.h:net:libnet1-dev \
	pcap.h:pcap:libpcap-dev \
	jansson.h:jansson:libjansson-dev \
	libmnl/libmnl.h:mnl:libmnl-dev \
	cap-ng.h:cap-ng:libcap-ng-dev \
	histedit.h:edit:libedit-dev \
	zlib.h:z:zlib1g-dev \
	lzma.h:lzma:liblzma-dev \
	zstd.h:zstd:libzstd-dev
field = $(foreach l,$(LIBRARIES),$(word $(1),$(subst :, ,$(l))))

# Debian packages, for `make deps`.
TO_BUILD := gcc make gettext $(sort $(call field,3))
TO_TEST := zstd tshark libcmocka-dev bats mandoc shellcheck binutils util-linux procps iproute2 nftables libcap2-bin \
	tcpdump socat nginx openssh-server python3 perl jq netbase
# Other TCPs, as peers for the tests; where the system has no such package they are left out.
TO_TEST_STACKS := slirp4netns passt liblwip-dev golang-go golang-gvisor-gvisor-dev
TO_BENCH := hping3 nmap python3 python3-scapy tcpdump iproute2 util-linux

# `make demo` walks these, one after the other.
DEMO = $(BUILD)/tcpwalk lab half-close --verify --send 'GET / HTTP/1.0\r\n\r\n' http && echo && \
	$(BUILD)/tcpwalk lab walk --verify closes-late

sources := $(wildcard src/*/*.c src/main.c)
objects := $(sources:%.c=$(BUILD)/%.o) $(BUILD)/lessons.o
# The lessons become part of the program; each language is a catalogue beside it.
lessons := $(sort $(wildcard src/lesson/lessons/*.lesson))
languages := $(patsubst src/lesson/po/%.po,%,$(wildcard src/lesson/po/*.po))
catalogues := $(languages:%=$(BUILD)/locale/%/LC_MESSAGES/tcpwalk.mo)
# The unit tests are the programs tests/unit/test_*.c; what else is there belongs to all of them.
unit := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
unit_support := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)))

warnings := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
compile = $(CC) -std=c17 -D_GNU_SOURCE -Isrc -ffile-prefix-map=$(CURDIR)=. $(warnings) $(HARDENING) $(CPPFLAGS) $(CFLAGS)
link = $(CC) $(CFLAGS) $(HARDENING) $(HARDENING_LD) -Wl,--as-needed $(LDFLAGS)
libraries := $(addprefix -l,$(call field,2))

Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)")
# Inner makes use every processor, unless the outer one was told how many.
submake = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all objects unit stacks demo check check-long checked soak bench deps deps-build deps-bench manual po install uninstall setcap format clean help force
.DELETE_ON_ERROR:

all: $(BUILD)/tcpwalk $(catalogues) ## build build/tcpwalk (the default)

$(BUILD)/tcpwalk: $(objects)
	$(call say,LD  $@)
	$(Q)$(link) -o $@ $^ $(libraries)

$(BUILD)/%.o: %.c $(BUILD)/flags | $(BUILD)/libraries
	$(call say,CC  $<)
	@mkdir -p $(@D)
	$(Q)$(compile) -MMD -MP -c -o $@ $<

$(BUILD)/lessons.o: $(BUILD)/lessons.c $(BUILD)/flags
	$(call say,CC  $<)
	$(Q)$(compile) -c -o $@ $<

$(BUILD)/lessons.c: $(lessons) src/lesson/embed.awk Makefile
	@mkdir -p $(@D)
	$(Q)awk -f src/lesson/embed.awk $(lessons) >$@

$(BUILD)/locale/%/LC_MESSAGES/tcpwalk.mo: src/lesson/po/%.po | $(BUILD)/libraries
	$(call say,MSG $@)
	@mkdir -p $(@D)
	$(Q)msgfmt --check-format -o $@ $<

# A change of compiler or flags builds anew.
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@echo '$(compile) $(link)' | cmp -s - $@ || echo '$(compile) $(link)' >$@

# Tries each library, so that a missing one is named by its package before the compiler stumbles over it.
$(BUILD)/libraries: $(BUILD)/flags
	@command -v msgfmt >/dev/null || \
		{ echo 'tcpwalk: there is no msgfmt: install the Debian package gettext' >&2; exit 1; }
	@command -v $(firstword $(CC)) >/dev/null || \
		{ echo 'tcpwalk: there is no $(firstword $(CC)): install the Debian package gcc' >&2; exit 1; }
	@printf 'int main(void) { return 0; }\n' | $(compile) -w -x c - -o $@.try || \
		{ echo 'tcpwalk: the compiler or its flags do not work' >&2; exit 1; }
	@printf '%s\n' $(LIBRARIES) | { all=0; while IFS=: read -r header library package; do \
		printf '#include <%s>\nint main(void) { return 0; }\n' "$$header" | \
		$(CC) -D_GNU_SOURCE $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -w -x c - -o $@.try -l"$$library" 2>/dev/null || \
		{ echo "tcpwalk: $$header or its library is missing: install the Debian package $$package" >&2; all=1; }; \
		done; rm -f $@.try; exit $$all; }
	@touch $@

objects: $(objects)
unit: $(unit)

# From an archive, so that a test takes in what it calls and nothing of main.c's.
$(BUILD)/tcpwalk.a: $(objects)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(unit): %: %.o $(unit_support) $(BUILD)/tcpwalk.a
	$(call say,LD  $@)
	$(Q)$(link) -o $@ $^ $(libraries) -lcmocka

# Peers for the tests that are libraries. One that can't be built here is left out, and its tests say so.
stacks: $(BUILD)/stacks/lwip $(BUILD)/stacks/gvisor

$(BUILD)/stacks/lwip: tests/stacks/lwip.c
	$(call say,CC  $@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE $(warnings) $(CFLAGS) -isystem /usr/include/lwip \
		-o $@ $< -llwip || echo '  (no lwIP here)'

# Debian has gVisor's source as a tree of the time before modules.
$(BUILD)/stacks/gvisor: tests/stacks/gvisor.go
	$(call say,GO  $@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$(abspath $(@D))/cache GOFLAGS= CGO_ENABLED=0 \
		go build -o $@ $< || echo '  (no gVisor here)'

-include $(objects:.o=.d) $(unit:=.d) $(unit_support:.o=.d)

demo: deps-build ## install what is missing, build, and walk a real kernel peer in the lab
	@$(submake) all
	$(DEMO)

# Three builds: the program as it is delivered; plain objects, whose symbols the house rules read; and one with
# sanitizers, which the tests use (there the undefined-behaviour sanitizer's own conversions draw wrong warnings).
check: checked ## install what is missing, build with sanitizers, and run every test (T=FILE... runs only these)
	@tests/run $(T)

check-long: checked ## measure the clocks of Linux and of other TCPs in full, beside make check: some eight minutes
	@TEST_DEADLINE=900 tests/run $(or $(T),$(wildcard tests/long/*.bats))

checked: deps
	@$(submake) all
	@$(submake) BUILD=build/house HARDENING=-fno-pie HARDENING_LD=-no-pie CPPFLAGS= \
		CFLAGS='-O2 -fno-stack-protector -U_FORTIFY_SOURCE -Werror' objects
	@$(submake) BUILD=build/check HARDENING= HARDENING_LD= CFLAGS='-O1 -g -U_FORTIFY_SOURCE -Werror -Wno-conversion $(SANITIZE)' all unit
	@$(submake) stacks

soak: deps ## hold random walks against real kernels, with loss (WALKS=10000, SEED=any; what goes wrong is kept in build/soak/)
	@$(submake) all
	tests/soak/soak $(BUILD)/tcpwalk --walks $(WALKS) $(if $(SEED),--seed $(SEED)) --keep $(BUILD)/soak

bench: deps-bench ## measure against the bars of tests/bench/README.md
	@$(submake) all
	tests/bench/run

deps: ## install the Debian packages for building and testing that are missing
	@.ci/packages $(TO_BUILD) $(TO_TEST) --if-there $(TO_TEST_STACKS)

deps-build: ## ... for building alone
	@.ci/packages $(TO_BUILD)

deps-bench: ## ... for building and for the bench
	@.ci/packages $(TO_BUILD) $(TO_BENCH)

# What stands between the two marks of tcpwalk-step(5) is what the program's tables say.
manual: $(BUILD)/tcpwalk ## write the tables of the step language into man/tcpwalk-step.5
	$(Q)$(BUILD)/tcpwalk help mdoc >$(BUILD)/manual
	$(Q)sed -i -e '/^\.\\" GENERATED$$/,/^\.\\" END$$/{//!d}' -e '/^\.\\" GENERATED$$/r $(BUILD)/manual' man/tcpwalk-step.5

# What the program and the lessons say, as the base of all translations.
$(BUILD)/tcpwalk.pot: $(BUILD)/tcpwalk $(sources) $(wildcard src/*/*.h)
	$(Q)xgettext --from-code=UTF-8 --language=C -k_ -kN_ -kngettext:1,2 -kgettext --add-location=file --sort-by-file \
		--package-name=tcpwalk -o $(BUILD)/sources.pot $(filter %.c %.h,$^)
	$(Q)$(BUILD)/tcpwalk help po >$(BUILD)/lessons.all
	$(Q)msguniq --use-first -o $(BUILD)/lessons.pot $(BUILD)/lessons.all
	$(Q)msgcat --add-location=file --use-first -o $@ $(BUILD)/sources.pot $(BUILD)/lessons.pot
	$(Q)sed -i '/^"POT-Creation-Date:/d' $@

po: $(BUILD)/tcpwalk.pot ## bring new messages of sources and lessons into each language's file (src/lesson/po/)
	$(Q)for language in $(languages); do \
		msgmerge --quiet --no-wrap --backup=none --no-fuzzy-matching --previous --update \
		--add-location=file src/lesson/po/$$language.po $< && \
		msgattrib --no-wrap --no-obsolete -o src/lesson/po/$$language.po src/lesson/po/$$language.po || exit; done

program := $(DESTDIR)$(PREFIX)/bin/tcpwalk
man8 := $(wildcard man/*.8)
man5 := $(wildcard man/*.5)
localedir := $(DESTDIR)$(PREFIX)/share/locale
mandir := $(DESTDIR)$(PREFIX)/share/man
# Manuals in other languages: man/LANG/NAME.SECTION goes to man/LANG/manSECTION/NAME.SECTION.
man_ways := $(foreach page,$(wildcard man/*/*.[1-8]),$(page):$(mandir)/$(notdir $(patsubst %/,%,$(dir $(page))))/man$(lastword $(subst ., ,$(page)))/$(notdir $(page)))
bash_completion := $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tcpwalk
zsh_completion := $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tcpwalk
fish_completion := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tcpwalk.fish
shells := bash zsh fish

# The program writes its completions itself, from its own tables.
$(BUILD)/completion/%: $(BUILD)/tcpwalk
	@mkdir -p $(@D)
	$(BUILD)/tcpwalk completion $* >$@

install: $(BUILD)/tcpwalk $(catalogues) $(shells:%=$(BUILD)/completion/%) ## install program, manuals and completions (DESTDIR, PREFIX)
	install -D -m 755 $(BUILD)/tcpwalk $(program)
	for language in $(languages); do install -D -m 644 $(BUILD)/locale/$$language/LC_MESSAGES/tcpwalk.mo \
		$(localedir)/$$language/LC_MESSAGES/tcpwalk.mo || exit; done
	install -D -m 644 -t $(mandir)/man8 $(man8)
	install -D -m 644 -t $(mandir)/man5 $(man5)
	for way in $(man_ways); do install -D -m 644 "$${way%%:*}" "$${way#*:}" || exit; done
	install -D -m 644 $(BUILD)/completion/bash $(bash_completion)
	install -D -m 644 $(BUILD)/completion/zsh $(zsh_completion)
	install -D -m 644 $(BUILD)/completion/fish $(fish_completion)

uninstall: ## remove exactly the files that install put there
	rm -f $(program) $(languages:%=$(localedir)/%/LC_MESSAGES/tcpwalk.mo) $(man8:man/%=$(mandir)/man8/%) $(man5:man/%=$(mandir)/man5/%) \
		$(foreach way,$(man_ways),$(lastword $(subst :, ,$(way)))) \
		$(bash_completion) $(zsh_completion) $(fish_completion)

setcap: ## let every user run the installed program: grant it CAP_NET_RAW, and nothing else
	$(if $(filter 0,$(shell id -u)),,sudo) setcap cap_net_raw=ep $(program)

format: ## format the C sources with clang-format
	clang-format -i $(sources) $(wildcard src/*/*.h tests/*/*.c tests/*/*.h)

clean: ## remove build/
	rm -rf $(BUILD)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
