//! The end of every `send`: our request, handed to the road.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ImplItem, Item, Stmt, parse_quote};

use crate::build::document::Document;
use crate::build::policy::{Policies, Policy};
use crate::build::prepare::Prepared;

/// Rewrites the `send` of one builder; answers how many were found.
pub fn rewire_send(
    document: &Document,
    policies: &Policies,
    prepared: &Prepared,
    item: &mut Item,
) -> Result<usize, String> {
    let Item::Impl(implementation) = item else {
        return Ok(0);
    };
    let mut found = 0;
    for item in &mut implementation.items {
        let ImplItem::Fn(method) = item else { continue };
        if method.sig.ident != "send" {
            continue;
        }
        let policy = policy_of(policies, &method.block)
            .ok_or_else(|| document.fault("", "", "a generated call names no operation"))?;
        let fault = |what: &str| document.fault(&policy.path, &policy.method, what);
        let start = method
            .block
            .stmts
            .iter()
            .position(|statement| format_arguments(statement).is_some())
            .ok_or_else(|| fault("the generated call builds no path"))?;
        let path = path(&method.block.stmts[start], &policy.constant())
            .ok_or_else(|| fault("the generated path was not understood"))?;
        let request = request(prepared, &method.block.stmts[start..], policy, path)
            .ok_or_else(|| fault("the generated request was not understood"))?;
        let output = &method.sig.output;
        let output = quote!(#output).to_string().replace(' ', "");
        let finish = if output.contains("ResponseValue<()>") {
            format_ident!("call_empty")
        } else if output.contains("ByteStream") {
            return Err(fault("an answer must be JSON or empty"));
        } else {
            format_ident!("call")
        };
        let constant = policy.constant();
        method.block.stmts.truncate(start);
        InvalidRequest {
            operation: &constant,
            argument: String::new(),
        }
        .visit_block_mut(&mut method.block);
        let tail: Expr = parse_quote!(client.context.#finish(#request).await);
        method.block.stmts.push(Stmt::Expr(tail, None));
        let doc = format!(
            "Sends `{} {}`.\n\n# Errors\n\nSee [`Error`](crate::Error).",
            policy.method, policy.path
        );
        method.attrs = vec![parse_quote!(#[doc = #doc])];
        found += 1;
    }
    Ok(found)
}

fn policy_of<'a>(policies: &'a Policies, block: &syn::Block) -> Option<&'a Policy> {
    struct Find(Option<String>);
    impl VisitMut for Find {
        fn visit_expr_struct_mut(&mut self, node: &mut syn::ExprStruct) {
            if node.path.is_ident("OperationInfo")
                && let Some(Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(id),
                    ..
                })) = node.fields.first().map(|field| &field.expr)
            {
                self.0 = Some(id.value());
            }
        }
    }
    let mut find = Find(None);
    find.visit_block_mut(&mut block.clone());
    policies.get(&find.0?)
}

/// The arguments of `let url = format!(…)`.
fn format_arguments(statement: &Stmt) -> Option<TokenStream> {
    let Stmt::Local(local) = statement else {
        return None;
    };
    match &*local.init.as_ref()?.expr {
        Expr::Macro(call) if call.mac.path.is_ident("format") => Some(call.mac.tokens.clone()),
        _ => None,
    }
}

/// The path below the base URL, each value checked and encoded as one segment.
fn path(statement: &Stmt, operation: &syn::Ident) -> Option<TokenStream> {
    use syn::parse::Parser;
    let arguments = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated
        .parse2(format_arguments(statement)?)
        .ok()?;
    let mut arguments = arguments.into_iter();
    let Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Str(template),
        ..
    }) = arguments.next()?
    else {
        return None;
    };
    let template = template.value();
    let template = template.strip_prefix("{}")?;
    arguments.next()?;
    let values: Vec<_> = arguments
        .map(|argument| segment_value(&argument, operation))
        .collect::<Option<_>>()?;
    if values.is_empty() {
        return Some(quote!(#template));
    }
    Some(quote!(format!(#template, #(#values),*)))
}

/// From `encode_path(&code.to_string())` to a checked segment that may be a secret.
fn segment_value(argument: &Expr, operation: &syn::Ident) -> Option<TokenStream> {
    let Expr::Call(call) = argument else {
        return None;
    };
    let Expr::Reference(reference) = call.args.first()? else {
        return None;
    };
    let Expr::MethodCall(to_string) = &*reference.expr else {
        return None;
    };
    let Expr::Path(value) = &*to_string.receiver else {
        return None;
    };
    let name = value.path.get_ident()?.to_string();
    Some(quote!(client.context.segment(&super::operations::#operation, #name, &#value)?))
}

/// Our request from the chain of calls on reqwest's builder.
fn request(
    prepared: &Prepared,
    statements: &[Stmt],
    policy: &Policy,
    path: TokenStream,
) -> Option<TokenStream> {
    let chain = statements.iter().find_map(|statement| match statement {
        Stmt::Local(local) => match &*local.init.as_ref()?.expr {
            Expr::Try(attempt) => match &*attempt.expr {
                Expr::MethodCall(call) if call.method == "build" => Some(&*call.receiver),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })?;
    let mut steps = Vec::new();
    let mut next = chain;
    while let Expr::MethodCall(call) = next {
        let argument = call.args.first();
        match call.method.to_string().as_str() {
            "json" => steps.push(quote!(.json(#argument))),
            "query" => {
                let Expr::Reference(reference) = argument? else {
                    return None;
                };
                let Expr::Call(parameter) = &*reference.expr else {
                    return None;
                };
                let (name, value) = (&parameter.args[0], &parameter.args[1]);
                let key = (policy.id.clone(), literal(name)?);
                steps.push(match prepared.bounds.get(&key) {
                    Some((lowest, highest)) => {
                        quote!(.query_within(#name, #value, #lowest, #highest))
                    }
                    None => quote!(.query(#name, #value)),
                });
            }
            "header" | "headers" | "get" | "put" | "post" | "delete" | "patch" | "head"
            | "options" => {}
            _ => return None,
        }
        next = &call.receiver;
    }
    steps.reverse();
    let constant = policy.constant();
    Some(quote!(pipeline::Request::new(&super::operations::#constant, #path) #(#steps)*))
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// `Error::InvalidRequest` becomes our error, which names the operation and the argument.
struct InvalidRequest<'a> {
    operation: &'a syn::Ident,
    argument: String,
}

impl VisitMut for InvalidRequest<'_> {
    fn visit_local_mut(&mut self, node: &mut syn::Local) {
        if let syn::Pat::Ident(argument) = &node.pat {
            self.argument = argument.ident.to_string();
        }
        visit_mut::visit_local_mut(self, node);
    }

    fn visit_expr_mut(&mut self, node: &mut Expr) {
        let (operation, argument) = (self.operation, &self.argument);
        if matches!(node, Expr::Path(path) if ends_with(&path.path, &["Error", "InvalidRequest"])) {
            *node = parse_quote!(|message| {
                client.context.invalid(&super::operations::#operation, #argument, message)
            });
            return;
        }
        visit_mut::visit_expr_mut(self, node);
    }
}

fn ends_with(path: &syn::Path, names: &[&str]) -> bool {
    path.segments.len() >= names.len()
        && path
            .segments
            .iter()
            .rev()
            .zip(names.iter().rev())
            .all(|(segment, name)| segment.ident == name)
}
