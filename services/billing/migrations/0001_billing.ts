import { enableTenantIsolation } from '@cnap/postgres';
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table seller_account (
      workspace_id text primary key,
      stripe_account_id text unique,
      charges_enabled boolean not null default false,
      payouts_enabled boolean not null default false,
      details_submitted boolean not null default false,
      version bigint not null,
      traceparent text,
      create_time timestamptz(3) not null default now(),
      read_time timestamptz not null default now())`.execute(db);

  await sql`
    create table price (
      stripe_account_id text not null,
      stripe_price_id text not null,
      workspace_id text not null,
      stripe_product_id text not null,
      label text not null,
      kind text not null,
      currency text not null,
      unit_amount bigint,
      interval text not null,
      interval_count integer not null,
      active boolean not null,
      deleted boolean not null default false,
      version bigint not null,
      read_time timestamptz not null default now(),
      primary key (stripe_account_id, stripe_price_id))`.execute(db);
  await sql`create index price_product on price (stripe_account_id, stripe_product_id)`.execute(db);

  await sql`
    create table product (
      id text primary key,
      workspace_id text not null,
      name text not null,
      template_id text not null,
      stripe_price_ids text[] not null,
      cluster_ids text[] not null,
      deleted boolean not null default false,
      version bigint not null)`.execute(db);
  await sql`create index product_workspace on product (workspace_id) where not deleted`.execute(db);
  await sql`create index product_clusters on product using gin (cluster_ids)`.execute(db);

  await sql`
    create table customer (
      stripe_account_id text not null,
      workspace_id text not null,
      stripe_customer_id text,
      user_id text not null,
      email text not null,
      name text not null,
      stale boolean not null default false,
      create_time timestamptz(3) not null default now(),
      primary key (stripe_account_id, workspace_id))`.execute(db);
  await sql`create index customer_workspace on customer (workspace_id)`.execute(db);

  await sql`
    create table orders (
      id text primary key,
      version bigint not null,
      workspace_id text not null,
      seller_workspace_id text not null,
      user_id text not null,
      product_id text not null,
      product_name text not null,
      template_id text not null,
      region_id text not null,
      state text not null,
      reason text not null default '',
      message text not null default '',
      state_time timestamptz not null default now(),
      payment_mode text not null,
      inputs bytea not null,
      quantity integer not null,
      trial_days integer not null,
      lines jsonb not null,
      fee_percent numeric not null,
      amount_total bigint not null,
      amount_captured bigint not null default 0,
      amount_refunded bigint not null default 0,
      currency text not null,
      success_url text not null,
      cancel_url text not null,
      stripe_account_id text,
      stripe_customer_id text,
      stripe_session_id text unique,
      stripe_payment_intent_id text unique,
      stripe_subscription_id text unique,
      checkout_url text not null default '',
      stripe_event_id text,
      install_key text,
      install_id text,
      install_end text not null default 'not-asked',
      cancel text not null default 'no',
      refund boolean not null default false,
      deadline_time timestamptz,
      end_time timestamptz,
      request_id text,
      request_fingerprint text,
      traceparent text,
      create_time timestamptz(3) not null default now(),
      update_time timestamptz not null default now())`.execute(db);
  await sql`
    create unique index orders_request on orders (workspace_id, request_id) where request_id is not null`.execute(
    db,
  );
  await sql`create index orders_bought on orders (workspace_id, create_time desc, id desc)`.execute(db);
  await sql`create index orders_sold on orders (seller_workspace_id, create_time desc, id desc)`.execute(db);
  await sql`
    create index orders_product on orders (product_id)
    where state in ('open', 'authorized', 'deploying', 'fulfilled', 'suspended', 'compensating')`.execute(db);

  await sql`
    create table order_step (
      order_id text not null references orders (id),
      position bigint not null,
      workspace_id text not null,
      seller_workspace_id text not null,
      state text not null,
      reason text not null,
      message text not null,
      time timestamptz not null default now(),
      primary key (order_id, position))`.execute(db);

  await sql`
    create table stripe_event (
      id text primary key,
      workspace_id text,
      stripe_account_id text not null,
      type text not null,
      refs jsonb not null,
      state text not null,
      traceparent text,
      create_time timestamptz(3) not null default now())`.execute(db);

  for (const table of ['seller_account', 'price', 'product', 'customer', 'stripe_event']) {
    await enableTenantIsolation(db, table);
  }
  for (const table of ['orders', 'order_step']) {
    await enableTenantIsolation(db, table, { workspaceColumns: ['workspace_id', 'seller_workspace_id'] });
  }
}
