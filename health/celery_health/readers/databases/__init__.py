"""PostgreSQL and MySQL, as result backend or as the application's database."""
