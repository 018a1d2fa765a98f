"""Results for Allure, and the report that Allure makes of them."""
