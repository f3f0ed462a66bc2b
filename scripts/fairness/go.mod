module fairness

go 1.27
