-- Tables of a Telltale database, version 1 (PRAGMA user_version).
-- Columns are those of the JSON report (telltale.report/v1), where it is
-- documented what they mean. New tables and columns may be added.
--
--   SELECT package, version FROM sdks JOIN apps ON apps.id = sdks.app WHERE sdk LIKE 'umeng%';

-- One row an app by content; a result by other rules takes its place.
CREATE TABLE apps (
	id             INTEGER PRIMARY KEY,
	content        TEXT NOT NULL UNIQUE, -- digest over the digests of all files; "path:…" if none could be read
	sha256         TEXT NOT NULL,        -- of the file, or of the base
	package        TEXT NOT NULL,
	label          TEXT NOT NULL,
	version_name   TEXT NOT NULL,
	version_code   INTEGER NOT NULL,
	min_sdk        INTEGER NOT NULL,
	target_sdk     INTEGER NOT NULL,
	status         TEXT NOT NULL,        -- complete, partial, failed, no-code
	shared_user_id TEXT NOT NULL,
	rules          TEXT NOT NULL,        -- digest of the rules; behind it, if there are any, that of added profiles, and options that change results
	tool           TEXT NOT NULL,        -- version of the program
	report         BLOB NOT NULL         -- the whole result as JSON, gzip
);
CREATE INDEX apps_package ON apps (package);

-- Where the app was seen, as the reports named it.
CREATE TABLE paths (
	app  INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	path TEXT NOT NULL,
	PRIMARY KEY (app, path)
) WITHOUT ROWID;

-- Certificates that the app claims; they were not verified.
CREATE TABLE signers (
	app     INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	scheme  TEXT NOT NULL,
	sha256  TEXT NOT NULL,
	subject TEXT NOT NULL
);
CREATE INDEX signers_app ON signers (app);

-- What was not read, or is odd. Where lossy is 1 something may be missing.
CREATE TABLE problems (
	app    INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	part   TEXT NOT NULL,
	kind   TEXT NOT NULL,
	detail TEXT NOT NULL,
	lossy  INTEGER NOT NULL
);
CREATE INDEX problems_app ON problems (app);

CREATE TABLE sdks (
	app        INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	sdk        TEXT NOT NULL,    -- id of the rule
	name       TEXT NOT NULL,
	kind       TEXT NOT NULL,    -- sdk or packer
	vendor     TEXT NOT NULL,
	category   TEXT NOT NULL,
	tracker    INTEGER NOT NULL,
	state      TEXT NOT NULL,    -- reachable, wired, disabled, present, stub, referenced
	at_startup INTEGER NOT NULL, -- it can run at app start
	confidence TEXT NOT NULL,
	version    TEXT NOT NULL,    -- "" if not known
	classes    INTEGER NOT NULL,
	PRIMARY KEY (app, sdk)
) WITHOUT ROWID;
CREATE INDEX sdks_sdk ON sdks (sdk);

-- Identifiers that an SDK's code asks for, hosts that it names.
CREATE TABLE sdk_reads (
	app        INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	sdk        TEXT NOT NULL,
	identifier TEXT NOT NULL,
	places     INTEGER NOT NULL
);
CREATE INDEX sdk_reads_app ON sdk_reads (app);
CREATE TABLE sdk_hosts (
	app    INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	sdk    TEXT NOT NULL,
	host   TEXT NOT NULL,
	places INTEGER NOT NULL
);
CREATE INDEX sdk_hosts_app ON sdk_hosts (app);

-- Events that are handed to an SDK, and keys that name the app towards its
-- vendor (masked unless --show-keys was given).
CREATE TABLE events (
	app  INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	sdk  TEXT NOT NULL,
	name TEXT NOT NULL,
	keys TEXT NOT NULL -- with commas
);
CREATE INDEX events_app ON events (app);
CREATE TABLE app_keys (
	app   INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	sdk   TEXT NOT NULL,
	name  TEXT NOT NULL,
	value TEXT NOT NULL
);
CREATE INDEX app_keys_app ON app_keys (app);

CREATE TABLE endpoints (
	app                INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	value              TEXT NOT NULL,    -- URL, host or address
	kind               TEXT NOT NULL,    -- url, host, ip
	host               TEXT NOT NULL,
	domain             TEXT NOT NULL,    -- registrable
	owner              TEXT NOT NULL,    -- vendor, "" if not known
	role               TEXT NOT NULL,
	noise              TEXT NOT NULL,    -- why it says nothing; "" if it is none
	cleartext          INTEGER NOT NULL,
	doubtful           INTEGER NOT NULL,
	registered_city    TEXT NOT NULL,    -- on a record about this very domain
	registered_country TEXT NOT NULL,
	grade              TEXT NOT NULL,    -- registrant or filing
	record             TEXT NOT NULL,
	sdk                TEXT NOT NULL,    -- whose code names it, if all places agree
	host_sdk           TEXT NOT NULL,    -- whose host it is
	places             INTEGER NOT NULL
);
CREATE INDEX endpoints_app ON endpoints (app);
CREATE INDEX endpoints_host ON endpoints (host);

CREATE TABLE identifiers (
	app        INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	identifier TEXT NOT NULL,
	name       TEXT NOT NULL,
	topic      TEXT NOT NULL, -- "group" in the report
	reset      TEXT NOT NULL, -- never, device, account, user, app, n/a
	permission TEXT NOT NULL,
	confidence TEXT NOT NULL,
	places     INTEGER NOT NULL,
	PRIMARY KEY (app, identifier)
) WITHOUT ROWID;

CREATE TABLE sinks (
	app    INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	sink   TEXT NOT NULL,
	name   TEXT NOT NULL,
	topic  TEXT NOT NULL,
	places INTEGER NOT NULL,
	PRIMARY KEY (app, sink)
) WITHOUT ROWID;

-- Places of endpoints (id: the value) and identifiers; not all of them if
-- there are very many.
CREATE TABLE sites (
	app         INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	kind        TEXT NOT NULL, -- endpoint or identifier
	id          TEXT NOT NULL,
	unit        TEXT NOT NULL,
	class       TEXT NOT NULL,
	method      TEXT NOT NULL,
	code_offset INTEGER,
	ref         TEXT NOT NULL,
	whose       TEXT NOT NULL  -- an SDK's id, "app", or the package of an unknown library
);
CREATE INDEX sites_app ON sites (app, kind, id);

CREATE TABLE permissions (
	app     INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	name    TEXT NOT NULL,
	max_sdk INTEGER NOT NULL
);
CREATE INDEX permissions_app ON permissions (app);

-- Services, receivers and providers that other apps can reach.
CREATE TABLE components (
	app        INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	kind       TEXT NOT NULL,
	class      TEXT NOT NULL,
	permission TEXT NOT NULL,
	sdk        TEXT NOT NULL
);
CREATE INDEX components_app ON components (app);

CREATE TABLE dynamic_code (
	app    INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	kind   TEXT NOT NULL,
	whose  TEXT NOT NULL,
	places INTEGER NOT NULL
);
CREATE INDEX dynamic_code_app ON dynamic_code (app);

-- Code that no rule knows.
CREATE TABLE unknown_code (
	app     INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	package TEXT NOT NULL,
	classes INTEGER NOT NULL
);
CREATE INDEX unknown_code_app ON unknown_code (app);

-- What the policy of the last run with this app said.
CREATE TABLE verdicts (
	app      INTEGER NOT NULL REFERENCES apps ON DELETE CASCADE,
	rule     TEXT NOT NULL,
	severity TEXT NOT NULL,
	outcome  TEXT NOT NULL, -- violation, suppressed, known
	kind     TEXT NOT NULL,
	thing    TEXT NOT NULL,
	whose    TEXT NOT NULL,
	message  TEXT NOT NULL,
	until    TEXT NOT NULL  -- last day of a suppression, or ""
);
CREATE INDEX verdicts_app ON verdicts (app);
