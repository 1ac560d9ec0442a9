-- One row a resource and month. An empty name stands for work of which nobody knows who did it; no resource
-- has it.
CREATE TABLE resource_load (
    resource  text COLLATE "C" NOT NULL,
    month     date NOT NULL,
    started   bigint NOT NULL,
    completed bigint NOT NULL,
    PRIMARY KEY (resource, month)
)
