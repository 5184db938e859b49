//! Every described operation with the arguments of its typed call. Written by
//! `scripts/operations-table.sh`; the tests fail when it is stale.

pub mod wunder_auth {
    use vestibule::wunder::auth_api::{AuthApi as Api, types};

    calls! {
        logout(; body: types::LogoutRequest)
        refresh_token(; body: types::RefreshRequest)
        set_password(code; body: types::SetPassword)
        sign_in_api_client(; body: types::ApiClientSignIn)
        sign_in_email(; body: types::EmailSignIn)
        sign_in_email_code(; body: types::EmailCodeSignIn)
        sign_in_gaiyo(; body: types::GaiyoSignIn)
        sign_in_phone_number(; body: types::PhoneSignIn)
        social_login(; body: types::SocialLogin)
        two_factor_code_validate(; body: types::TwoFactorCode)
        two_factor_enable(; body: types::TwoFactorCode)
        two_factor_qr_code(;)
        two_factor_secret(;)
        openid_token_exchange(; body: types::OpenidTokenExchange)
    }
}

pub mod wunder_user {
    use vestibule::wunder::user_api::{UserApi as Api, types};

    calls! {
        resolve_branch(; lat: f64, lng: f64)
        list_identity_cards(; page: i32, size: i32, sort: String)
        get_customer(;)
        create_customer(; body: types::NewCustomer)
        update_customer(; body: types::CustomerPatch)
        create_or_sign_in_with_email_code(; body: types::EmailBootstrap)
        create_or_sign_in_with_phone_number(; body: types::PhoneBootstrap)
        request_deletion(;)
        request_password_reset(email;)
        get_signed_customer(;)
        social_sign_up(; body: types::SocialSignUp)
        list_accepted_terms(; branch_id: String, page: i32, size: i32, sort: String)
        resend_email_verification(email;)
        check_phone_verification(code;)
        send_phone_verification(;)
        list_terms(; branch_id: String, vehicle_id: String, page: i32, size: i32, sort: String)
        accept_terms(; body: types::TermsAcceptance)
        get_terms(id;)
        init_verification(; body: types::VerificationInit)
    }
}

pub mod walletcrew {
    use vestibule::walletcrew::api::{Api, types};

    calls! {
        get_customer(;)
        create_or_update_customer(; flow: String, body: types::CustomerInput)
        authenticate(; provider: String, body: types::AuthenticationData)
    }
}

pub mod goodcity {
    use vestibule::goodcity::api::{Api, types};

    calls! {
        current_user_profile(;)
        current_user_rooms(;)
        register_device(; body: types::RegisterDeviceRequest)
        send_pin(; body: types::SendPinRequest)
        signup(; body: types::SignupRequest)
        signup_and_send_pin(; body: types::SendPinRequest)
        verify(; body: types::VerifyRequest)
    }
}

pub mod fynd {
    use vestibule::fynd::api::{Api, types};

    calls! {
        delete_user(; body: types::DeleteApplicationUserRequestSchema)
        has_password(;)
        login_with_apple_ios(; platform: String, body: types::OAuthRequestAppleSchema)
        login_with_facebook(; platform: String, body: types::OAuthRequestSchema)
        login_with_google_android(; platform: String, body: types::OAuthRequestSchema)
        login_with_google_ios(; platform: String, body: types::OAuthRequestSchema)
        login_with_google(; platform: String, body: types::OAuthRequestSchema)
        login_with_otp(; platform: String, body: types::SendOtpRequestSchema)
        login_with_email_and_password(; body: types::PasswordLoginRequestSchema)
        reset_forgot_password(; body: types::ForgotPasswordRequestSchema)
        send_reset_password_mobile(; platform: String, body: types::SendResetPasswordMobileRequestSchema)
        send_reset_password_email(; platform: String, body: types::SendResetPasswordEmailRequestSchema)
        forgot_password(; body: types::ForgotPasswordRequestSchema)
        send_reset_token(; body: types::CodeRequestBodySchema)
        login_with_token(; body: types::TokenRequestBodySchema)
        logout(;)
        send_otp_on_email(; platform: String, body: types::SendEmailOtpRequestSchema)
        verify_email_otp(; platform: String, body: types::VerifyEmailOtpRequestSchema)
        send_forgot_otp_on_email(; platform: String, body: types::SendEmailForgotOtpRequestSchema)
        verify_email_forgot_otp(; platform: String, body: types::VerifyEmailForgotOtpRequestSchema)
        send_forgot_otp_on_mobile(; platform: String, body: types::SendMobileForgotOtpRequestSchema)
        verify_mobile_forgot_otp(; platform: String, body: types::VerifyMobileForgotOtpRequestSchema)
        send_otp_on_mobile(; platform: String, body: types::SendMobileOtpRequestSchema)
        verify_mobile_otp(; platform: String, body: types::VerifyOtpRequestSchema)
        update_password(; body: types::UpdatePasswordRequestSchema)
        register_with_form(; platform: String, body: types::FormRegisterRequestSchema)
        get_logged_in_user(;)
        get_list_of_active_sessions(;)
        user_exists(q;)
        verify_email(; body: types::CodeRequestBodySchema)
        verify_mobile(; body: types::CodeRequestBodySchema)
        get_platform_config(; name: String)
        update_profile(; platform: String, body: types::EditProfileRequestSchema)
        add_email(; platform: String, body: types::EditEmailRequestSchema)
        delete_email(; platform: String, active: bool, primary: bool, verified: bool, email: String)
        send_verification_link_to_email(; platform: String, body: types::EditEmailRequestSchema)
        set_email_as_primary(; body: types::EditEmailRequestSchema)
        add_mobile_number(; platform: String, body: types::EditMobileRequestSchema)
        delete_mobile_number(; platform: String, active: bool, primary: bool, verified: bool, country_code: String, phone: String)
        send_verification_link_to_mobile(; platform: String, body: types::SendVerificationLinkMobileRequestSchema)
        set_mobile_number_as_primary(; body: types::SendVerificationLinkMobileRequestSchema)
        get_user_attributes(; slug: String)
        update_user_attributes(; body: types::UpdateUserAttributes)
    }
}
