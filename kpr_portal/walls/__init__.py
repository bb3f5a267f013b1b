"""PostgreSQL's own walls behind Access: which logins there are (roles), what each may do with each table and row (rights)."""
