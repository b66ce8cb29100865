"""The server side: REST routes, gateway, CDN, and the state behind them."""
