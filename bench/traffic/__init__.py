"""The traffic of bench/run scenarios and the model of bench/run model: what is asked for (workloads), of what (stack),
what is measured (figures, costs), what it ought to be (capacity), and how it is shown (plots, report)."""
