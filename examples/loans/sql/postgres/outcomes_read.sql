SELECT month, submitted, approved, declined, cancelled FROM es_outcomes.outcomes_by_month ORDER BY month
