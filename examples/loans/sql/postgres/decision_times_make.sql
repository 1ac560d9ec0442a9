-- One row an application, as a median needs them all.
CREATE TABLE decision_times (
    application  text COLLATE "C" PRIMARY KEY,
    submitted_at timestamptz NOT NULL,
    decided_at   timestamptz,
    outcome      text,
    hours        double precision GENERATED ALWAYS AS (extract(epoch FROM decided_at - submitted_at)::double precision / 3600) STORED
)
