"""Reports of claims: Allure, terminal, drift, audit, benchmarks."""
