SELECT outcome, applications, cents FROM outcomes WHERE applications > 0 ORDER BY outcome
