-- One row a month, so that no reader has to count.
CREATE TABLE outcomes_by_month (
    month     date PRIMARY KEY,
    submitted bigint NOT NULL,
    approved  bigint NOT NULL,
    declined  bigint NOT NULL,
    cancelled bigint NOT NULL
)
