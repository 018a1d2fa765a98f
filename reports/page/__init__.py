"""A claim's page in HTML: verdict, numbers and curves on one screen."""
